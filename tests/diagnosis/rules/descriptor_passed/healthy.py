"""Have a child answer on a socket of its parent's."""

# python: wine-3.12
import socket
from multiprocessing import Process


def answer(connection):
    with connection:
        connection.sendall(b"hello")


if __name__ == "__main__":
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = Process(target=answer, args=(theirs,))
        child.start()
        print(ours.recv(5).decode())
        child.join()
