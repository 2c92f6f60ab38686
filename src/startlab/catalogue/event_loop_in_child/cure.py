"""The process makes its own loop, with asyncio.run()."""

import asyncio
import sys
from multiprocessing import Process


async def fetch():
    print("the child has fetched its page")


def crawl():
    asyncio.run(fetch())


async def main():
    process = Process(target=crawl)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
    return process.exitcode


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
