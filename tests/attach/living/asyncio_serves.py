# wide
import asyncio


async def main():
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
