# verdict: proven
# waits: main (1) for itself, which has the other half of the pair
# A process receives from a pair of sockets, of which it has both halves.
import socket
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


ours, theirs = socket.socketpair()
last_words()
ours.recv(1)  # (1)
