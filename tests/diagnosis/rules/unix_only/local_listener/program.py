"""Serve one client by multiprocessing's own listener."""

# python: wine-3.12

from multiprocessing import Process
from multiprocessing.connection import Client, Listener


def ask(address):
    with Client(address, family="AF_UNIX") as server:
        server.send("hello")


if __name__ == "__main__":
    # finds: unix_only error spawn
    with Listener("service", family="AF_UNIX") as listener:
        client = Process(target=ask, args=(listener.address,))
        client.start()
        with listener.accept() as connection:
            print(connection.recv())
        client.join()
