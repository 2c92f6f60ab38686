# needs: 3
# The only thread sleeps in write(2), half way through; the handler of an interval timer ends that,
# with the count of what was written.
import os
import signal

signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 1.2)
read, write = os.pipe()
assert os.write(write, b"x" * 200000) == 65536
