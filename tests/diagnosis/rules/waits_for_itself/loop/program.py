# timeout: 5
import asyncio
import multiprocessing
import socket


def ask(port):
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(b"how much?")
        print(link.recv(100))


async def answer(reader, writer):
    await reader.read(100)
    writer.write(b"7")
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = multiprocessing.Process(target=ask, args=(port,))
    client.start()
    # finds: loop_blocked hang fork forkserver spawn
    client.join()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
