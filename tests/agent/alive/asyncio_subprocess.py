# needs: 3.9
# The event loop waits for a program.
import asyncio


async def main():
    process = await asyncio.create_subprocess_exec("sleep", "1.2")
    await process.wait()


asyncio.run(main())
