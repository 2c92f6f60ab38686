import asyncio
import sys
from multiprocessing import Process


async def fetch():
    print("fetched", flush=True)


def work():
    asyncio.run(fetch())


async def main():
    await fetch()


if __name__ == "__main__":
    worker = Process(target=work)
    worker.start()
    worker.join()
    asyncio.run(main())
    sys.exit(worker.exitcode)
