import asyncio
import multiprocessing
import threading


async def price(name):
    return len(name)


async def total(names):
    return sum([await price(name) for name in names])


def report(names):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    print(asyncio.run_coroutine_threadsafe(total(names), loop).result())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


if __name__ == "__main__":
    child = multiprocessing.Process(target=report, args=(["tea", "salt"],))
    child.start()
    child.join()
