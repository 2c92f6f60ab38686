"""Asks a stock service, over one connection, from several processes."""

# with: rpyc

import multiprocessing
import threading
import time

import rpyc
from rpyc.utils.server import ThreadedServer


class Stock(rpyc.Service):
    def exposed_level(self, item):
        return len(item) * 10


class Client:
    def connect(self, port):
        self.link = rpyc.connect("127.0.0.1", port)

    def level(self, item):
        # finds: connection_shared hang fork
        return self.link.root.level(item)


client = Client()


def ask(items, port, results):
    if not hasattr(client, "link"):
        client.connect(port)
    for item in items:
        results.put((item, client.level(item)))


def main():
    server = ThreadedServer(Stock, hostname="127.0.0.1", port=0)
    threading.Thread(target=server.start, daemon=True).start()
    while not server.active:
        time.sleep(0.01)
    client.connect(server.port)
    print("pens:", client.level("pens"))
    results = multiprocessing.SimpleQueue()
    names = [f"item{number}" for number in range(200)]
    args = (names, server.port, results)
    children = [multiprocessing.Process(target=ask, args=args) for _ in range(2)]
    for child in children:
        child.start()
    right = sum(level == len(item) * 10 for item, level in (results.get() for _ in range(400)))
    for child in children:
        child.join()
    print("right:", right)


if __name__ == "__main__":
    main()
