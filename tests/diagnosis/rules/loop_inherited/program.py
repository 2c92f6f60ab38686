import asyncio
import sys
from multiprocessing import Process


async def fetch():
    print("fetched", flush=True)


loops = []


def work():
    loop = loops[0] if loops else asyncio.new_event_loop()
    # finds: loop_inherited error fork
    loop.run_until_complete(fetch())


async def main():
    loops.append(asyncio.get_running_loop())
    worker = Process(target=work)
    worker.start()
    worker.join()
    return worker.exitcode


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
