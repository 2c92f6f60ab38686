"""Serve other programs of this machine by a socket in the file system."""

# python: wine-3.12

import socket
from multiprocessing import Process


def serve():
    # finds: unix_only error spawn
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("service")
        print("serving")


if __name__ == "__main__":
    server = Process(target=serve)
    server.start()
    server.join()
    raise SystemExit(server.exitcode)
