# needs: 3.6
# A future is waited for beside a coroutine that beats, and then completes it.
import asyncio


async def beat(future):
    for _ in range(15):
        await asyncio.sleep(0.2)
    future.set_result(1)


async def main():
    future = asyncio.get_event_loop().create_future()
    task = asyncio.ensure_future(beat(future))
    assert await future == 1
    await task


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
loop.close()
