# The only thread of the child sleeps in write(2), half way through; an interval timer kills it.
import os
import signal

child = os.fork()
if child == 0:
    signal.alarm(2)
    read, write = os.pipe()
    os.write(write, b"x" * 200000)
assert os.waitpid(child, 0)[1] == signal.SIGALRM
