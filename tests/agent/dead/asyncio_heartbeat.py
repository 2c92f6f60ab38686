# needs: 3.6
# verdict: stuck
# waits: main (1) for a future that nobody completes; only a coroutine (2) wakes, by the clock
# An event loop with a coroutine that only prints now and then, and a future that never completes.
import asyncio
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


async def beat():
    while True:
        print("still here")
        await asyncio.sleep(0.2)  # (2)


async def main():
    task = asyncio.ensure_future(beat())
    last_words()
    await asyncio.get_event_loop().create_future()  # (1)
    task.cancel()


asyncio.new_event_loop().run_until_complete(main())
