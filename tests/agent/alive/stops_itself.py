# outside
# The child stops itself; a process outside continues it.
import os
import signal
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(1.2)
    os.kill(int(open(place + "/ready").read()), signal.SIGCONT)
else:
    child = os.fork()
    if child == 0:
        with open(place + "/part", "w") as file:
            file.write(str(os.getpid()))
        os.rename(place + "/part", place + "/ready")
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(3)
    assert os.waitpid(child, 0)[1] == 3 << 8
