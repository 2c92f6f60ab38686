# The child computes while the parent waits for it.
import os
import time

child = os.fork()
if child == 0:
    until = time.time() + 1.2
    while time.time() < until:
        sum(range(1000))
    os._exit(3)
assert os.waitpid(child, 0)[1] == 3 << 8
