"""The process drops the event loop's signal handling that it may have inherited."""

from __future__ import print_function

import asyncio
import signal
from multiprocessing import Event, Process


def ask_for_shutdown():
    print("the server is asked to shut down", flush=True)


def wait_for_work(ready, work):
    signal.set_wakeup_fd(-1)  # it leads to the server's event loop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ready.set()
    work.wait()


async def serve():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ask_for_shutdown)
    ready, work = Event(), Event()
    process = Process(target=wait_for_work, args=(ready, work))
    process.start()
    ready.wait()
    process.terminate()
    await asyncio.get_running_loop().run_in_executor(None, process.join)
    print("the child ended with exit code", process.exitcode)


if __name__ == "__main__":
    asyncio.run(serve())
