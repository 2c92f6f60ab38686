# outside
# A process outside releases a lock on a file.
import fcntl
import os
import sys
import time

place = sys.argv[1]
file = open(place + "/file", "a")
if sys.argv[2:] == ["outside"]:
    fcntl.flock(file, fcntl.LOCK_EX)
    open(place + "/locked", "w").close()
    time.sleep(1.5 * int(os.environ.get("TIMES", 1)))
else:
    while not os.path.exists(place + "/locked"):
        time.sleep(0.01)
    fcntl.flock(file, fcntl.LOCK_EX)
