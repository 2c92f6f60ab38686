# A grandchild, blocked forever, is killed by its interval timer; the chain above wakes up.
import os
import signal

child = os.fork()
if child == 0:
    grandchild = os.fork()
    if grandchild == 0:
        signal.setitimer(signal.ITIMER_REAL, 1.2)
        os.read(os.pipe()[0], 1)
    os.waitpid(grandchild, 0)
    os._exit(7)
assert os.waitpid(child, 0)[1] == 7 << 8
