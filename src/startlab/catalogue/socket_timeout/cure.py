"""The process gets the time limit as an argument and gives it to its own connection."""

from __future__ import print_function

import socket
from multiprocessing import Process


def ask(seconds):
    client, service = socket.socketpair()
    client.settimeout(seconds)
    client.sendall(b"are you there?")
    try:
        print("the child has the answer", client.recv(100))
    except socket.timeout:
        print("the child gives up")
    client.close()
    service.close()


if __name__ == "__main__":
    socket.setdefaulttimeout(0.2)
    process = Process(target=ask, args=(socket.getdefaulttimeout(),))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
