# Two processes hand a byte to and fro: at most instants both sleep or are about to.
import os
import time

one, two = os.pipe(), os.pipe()
until = time.time() + 1.2
child = os.fork()
if child == 0:
    os.close(one[1])
    while os.read(one[0], 1):
        os.write(two[1], b"x")
    os._exit(3)
while time.time() < until:
    os.write(one[1], b"x")
    os.read(two[0], 1)
os.close(one[1])
assert os.waitpid(child, 0)[1] == 3 << 8
