# Two processes write to each other more than the socket holds, and neither reads.
import os
import socket
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


ours, theirs = socket.socketpair()


def write(end):
    end.sendall(b"x" * 10000000)


if os.fork() == 0:
    thread = threading.Thread(target=write, args=(theirs,))
    thread.start()
    time.sleep(0.2)
    last_words()
    thread.join()
thread = threading.Thread(target=write, args=(ours,))
thread.start()
thread.join()
