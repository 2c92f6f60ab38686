# outside
# A process outside opens the pipe through /proc, and writes into it later. We hold both ends, too.
import os
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    fd = os.open(open(place + "/ready").read(), os.O_WRONLY)
    open(place + "/opened", "w").close()
    time.sleep(1.5 * int(os.environ.get("TIMES", 1)))
    os.write(fd, b"x")
else:
    read, write = os.pipe()
    with open(place + "/part", "w") as file:
        file.write("/proc/%d/fd/%d" % (os.getpid(), write))
    os.rename(place + "/part", place + "/ready")
    while not os.path.exists(place + "/opened"):
        time.sleep(0.01)
    assert os.read(read, 1) == b"x"
