# A child has ended and is a zombie; the parent takes its time.
import os
import time

child = os.fork()
if child == 0:
    os._exit(3)
time.sleep(1.2)
assert os.waitpid(child, 0)[1] == 3 << 8
