# As ping_pong, with one short nap a round: the only live thread is easily missed.
import os
import time

one, two = os.pipe(), os.pipe()
until = time.time() + 1.2
child = os.fork()
if child == 0:
    os.close(one[1])
    while os.read(one[0], 1):
        time.sleep(0.0005)
        os.write(two[1], b"x")
    os._exit(3)
while time.time() < until:
    os.write(one[1], b"x")
    os.read(two[0], 1)
os.close(one[1])
assert os.waitpid(child, 0)[1] == 3 << 8
