"""Take results from whichever child is first, and select a socket."""

# python: wine-3.12
import select
import socket
from multiprocessing import Pipe, Process
from multiprocessing.connection import wait


def work(number, results):
    results.send(number * number)
    results.close()


if __name__ == "__main__":
    waiting, children = [], []
    for number in range(2):
        mine, its = Pipe(duplex=False)
        child = Process(target=work, args=(number, its))
        child.start()
        its.close()
        waiting.append(mine)
        children.append(child)
    found = []
    while waiting:
        for each in wait(waiting):
            found.append(each.recv())
            waiting.remove(each)
    for child in children:
        child.join()
    print(sorted(found))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"!")
        print(len(select.select([ours], [], [])[0]), "socket is ready")
