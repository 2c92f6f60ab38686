# verdict: proven, assuming that no process outside opens what the job waits for by its name or number
# waits: main (1) for the child; the child (2) for a connection
# A child accepts a connection at a path, to which nobody connects.
import os
import socket
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1] + "/socket")
server.listen(1)
child = os.fork()
if child == 0:
    last_words()
    server.accept()  # (2)
os.waitpid(child, 0)  # (1)
