# needs: 3.7
# Two coroutines work by sleeping; to the kernel they look as one that beats forever.
import asyncio


async def work():
    for _ in range(80):
        await asyncio.sleep(0.1)


async def main():
    await asyncio.gather(work(), work())


asyncio.run(main())
