# A child is killed by a signal that dumps core, as far as that is switched on; the parent waits.
import os
import signal
import time

child = os.fork()
if child == 0:
    time.sleep(1)
    os.kill(os.getpid(), signal.SIGQUIT)
assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGQUIT
