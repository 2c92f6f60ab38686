# A process that has left its parent, session and all, writes into a pipe later.
import os
import time

read, write = os.pipe()
child = os.fork()
if child == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1.2)
        os.write(write, b"x")
    os._exit(0)
os.waitpid(child, 0)
assert os.read(read, 1) == b"x"
