# verdict: proven
# waits: main (1) for the child; the child (2) for a signal, which only this job could send
# A child waits for a signal that nobody sends.
import os
import signal
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


child = os.fork()
if child == 0:
    last_words()
    signal.pause()  # (2)
os.waitpid(child, 0)  # (1)
