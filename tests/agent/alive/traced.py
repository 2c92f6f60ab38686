# The child is traced by its parent, which lets it go on later.
import ctypes
import os
import time

libc = ctypes.CDLL(None)
read, write = os.pipe()
child = os.fork()
if child == 0:
    os.close(write)
    os._exit(3 if os.read(read, 1) == b"x" else 4)
time.sleep(0.2)
assert libc.ptrace(16, child, None, None) == 0
os.waitpid(child, 0)
os.write(write, b"x")
time.sleep(1.2)
assert libc.ptrace(17, child, None, None) == 0
assert os.waitpid(child, 0)[1] == 3 << 8
