# wide
# verdict: deadlock
# who: the program
# The subprocess writes more warnings than the loop takes that nobody reads.
import asyncio
import sys

WARNS = "import sys; print('ready', flush=True); sys.stderr.write('warning\\n' * 50000)"


async def main():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WARNS, stderr=asyncio.subprocess.PIPE
    )
    await process.wait()


asyncio.run(main())  # here
