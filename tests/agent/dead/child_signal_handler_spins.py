# verdict: busy
# waits: main (1) computes in its handler of SIGCHLD, for children that it no longer has
# A handler of SIGCHLD asks without a pause for the end of a child that another call has taken.
import os
import signal
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


ended = set()


def handle(*_):
    last_words()
    while child not in ended:  # (1)
        try:
            ended.add(os.waitpid(-1, os.WNOHANG)[0])
        except OSError:
            pass


signal.signal(signal.SIGCHLD, signal.SIG_DFL)
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
signal.signal(signal.SIGCHLD, handle)
if os.fork() == 0:
    os._exit(0)
while True:
    signal.pause()
