import asyncio
from multiprocessing import Process, Queue


def produce(queue, count):
    for number in range(count):
        queue.put(number)


async def listen(queue, seen, enough):
    while True:
        # finds: get_in_executor hang fork forkserver spawn
        seen.append(await asyncio.get_running_loop().run_in_executor(None, queue.get))
        if len(seen) == 3:
            enough.set()


async def main():
    queue, seen, enough = Queue(), [], asyncio.Event()
    child = Process(target=produce, args=(queue, 3))
    child.start()
    listener = asyncio.create_task(listen(queue, seen, enough))
    await enough.wait()
    listener.cancel()
    child.join()
    print(seen)


if __name__ == "__main__":
    asyncio.run(main())
