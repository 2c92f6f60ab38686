# A full pipe is read late: nothing may have shortened the write meanwhile.
import os
import time

read, write = os.pipe()
child = os.fork()
if child == 0:
    os._exit(3 if os.write(write, b"x" * 200000) == 200000 else 4)
time.sleep(1.2)
os.close(write)
while os.read(read, 65536):
    pass
assert os.waitpid(child, 0)[1] == 3 << 8
