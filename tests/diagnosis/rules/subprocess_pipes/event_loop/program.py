import asyncio
import sys

WARNS = "import sys; sys.stderr.write('warning: deprecated\\n' * 20000); print('converted')"


async def convert():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WARNS, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    # finds: output_not_read hang fork forkserver spawn
    await process.wait()
    print(await process.stdout.read())


if __name__ == "__main__":
    asyncio.run(convert())
