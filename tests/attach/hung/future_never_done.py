# wide
# verdict: deadlock
# who: the program
import asyncio


async def main():
    print("ready", flush=True)
    await asyncio.get_running_loop().create_future()


asyncio.run(main())  # here
