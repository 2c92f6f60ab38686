"""Accept in the parent, answer in a child, which gets the number of the socket."""

# python: wine-3.12

import socket
from multiprocessing import Process


def answer(number):
    # finds: descriptor_by_number error spawn
    with socket.socket(fileno=number) as connection:
        connection.sendall(b"hello")


if __name__ == "__main__":
    ours, theirs = socket.socketpair()
    child = Process(target=answer, args=(theirs.fileno(),))
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(child.exitcode)
    print(ours.recv(5))
