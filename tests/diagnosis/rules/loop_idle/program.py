import asyncio


async def listen(messages):
    while True:
        # finds: loop_idle hang fork forkserver spawn
        message = await messages.get()
        print(message)


async def talk(messages):
    for word in ("good", "morning"):
        messages.put_nowait(word)


def main():
    loop = asyncio.new_event_loop()
    messages = asyncio.Queue()
    loop.run_until_complete(talk(messages))
    loop.run_until_complete(listen(messages))
    loop.close()


if __name__ == "__main__":
    main()
