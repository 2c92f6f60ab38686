# wide
# A daemon at rest: the loop reads what Python writes to its own socket when a signal has come.
import asyncio
import signal


async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await stop.wait()


asyncio.run(main())
