"""A program gives all sockets a time limit; its process asks a service that does not answer."""

from __future__ import print_function

import socket
from multiprocessing import Process


def ask():
    client, service = socket.socketpair()
    client.sendall(b"are you there?")
    try:
        print("the child has the answer", client.recv(100))
    except socket.timeout:
        print("the child gives up")
    client.close()
    service.close()


if __name__ == "__main__":
    socket.setdefaulttimeout(0.2)
    process = Process(target=ask)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
