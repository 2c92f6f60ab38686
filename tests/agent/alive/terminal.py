# What a child types at a pseudo terminal comes through the kernel's own worker.
import os
import pty
import time

ours, theirs = pty.openpty()
child = os.fork()
if child == 0:
    time.sleep(1.2)
    os.write(ours, b"x\n")
    os._exit(0)
assert os.read(theirs, 2) == b"x\n"
