# Any child of a process group may be meant, and one sleeps.
import os
import time

children = []
for seconds in (1.2, 60):
    child = os.fork()
    if child == 0:
        if seconds == 60:
            os.read(os.pipe()[0], 1)
        time.sleep(seconds)
        os._exit(0)
    children.append(child)
assert os.waitpid(0, 0)[0] == children[0]
os.kill(children[1], 9)
