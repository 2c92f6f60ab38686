import asyncio
import multiprocessing


async def price(name):
    return len(name)


async def total(names):
    loop = asyncio.get_running_loop()
    prices = [asyncio.run_coroutine_threadsafe(price(name), loop) for name in names]
    # finds: waits_for_itself hang fork forkserver spawn
    return sum(each.result() for each in prices)


def report(names):
    print(asyncio.run(total(names)))


if __name__ == "__main__":
    child = multiprocessing.Process(target=report, args=(["tea", "salt"],))
    child.start()
    child.join()
