# timeout: 10
import asyncio
import multiprocessing
import signal
import time


def serve(ready):
    ready.set()
    while True:
        time.sleep(60)


async def main():
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    ready = multiprocessing.Event()
    child = multiprocessing.Process(target=serve, args=(ready,))
    child.start()
    ready.wait()
    # finds: handler_inherited hang fork
    child.terminate()
    child.join()
    print("child ended with", child.exitcode)


if __name__ == "__main__":
    asyncio.run(main())
