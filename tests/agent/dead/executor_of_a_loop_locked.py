# needs: 3.6
# verdict: proven
# waits: main's event loop (1) for a thread, which waits (2) for a lock that a coroutine holds
# A coroutine holds a lock of threads while it awaits a thread that wants it.
import asyncio
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


lock = threading.Lock()


def work():
    last_words()
    with lock:  # (2)
        pass


async def main():
    with lock:
        await asyncio.get_event_loop().run_in_executor(None, work)


asyncio.new_event_loop().run_until_complete(main())  # (1)
