# outside
# It traces a process outside and waits for any child: that one's end, not its own child's, ends it.
import ctypes
import os
import sys
import time

place = sys.argv[1]
libc = ctypes.CDLL(None)
if sys.argv[2:] == ["outside"]:
    libc.prctl(0x59616D61, ctypes.c_ulong(-1 & 0xFFFFFFFFFFFFFFFF), 0, 0, 0)
    with open(place + "/part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(place + "/part", place + "/ready")
    while not os.path.exists(place + "/traced"):
        time.sleep(0.01)
    time.sleep(1.2 * int(os.environ.get("TIMES", 1)))
else:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    outside = int(open(place + "/ready").read())
    child = os.fork()
    if child == 0:
        os.read(os.pipe()[0], 1)
    assert libc.ptrace(0x4206, outside, None, None) == 0
    open(place + "/traced", "w").close()
    assert os.waitpid(-1, 0)[0] == outside
    os.kill(child, 9)
