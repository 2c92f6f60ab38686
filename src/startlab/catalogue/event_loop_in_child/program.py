"""A coroutine starts a process that runs another coroutine, in the loop that it finds."""

import asyncio
import sys
from multiprocessing import Process


async def fetch():
    print("the child has fetched its page")


def crawl():
    asyncio.get_event_loop().run_until_complete(fetch())


async def main():
    process = Process(target=crawl)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    return process.exitcode


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
