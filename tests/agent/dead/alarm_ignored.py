# An interval timer is armed, but its signal is ignored.
import os
import signal
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


signal.signal(signal.SIGALRM, signal.SIG_IGN)
signal.alarm(1000)
read, write = os.pipe()
last_words()
os.read(read, 1)
