# outside
# A process outside stops a child that was about to go on, and lets it go on later.
import os
import signal
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    pid = int(open(place + "/ready").read())
    os.kill(pid, signal.SIGSTOP)
    open(place + "/stopped", "w").close()
    time.sleep(1.5)
    os.kill(pid, signal.SIGCONT)
else:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os._exit(3 if os.read(read, 1) == b"x" else 4)
    with open(place + "/part", "w") as file:
        file.write(str(child))
    os.rename(place + "/part", place + "/ready")
    while not os.path.exists(place + "/stopped"):
        time.sleep(0.01)
    os.write(write, b"x")
    assert os.waitpid(child, 0)[1] == 3 << 8
