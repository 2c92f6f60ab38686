# needs: 3
# An event loop with nothing to do but a future that is never completed.
import asyncio
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


loop = asyncio.new_event_loop()
last_words()
loop.run_until_complete(loop.create_future())
