# A chain of short-lived processes, none of which lives long enough to be looked at.
import os
import time

until = time.time() + 1.2
while time.time() < until:
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        os._exit(0)
    os.waitpid(child, 0)
