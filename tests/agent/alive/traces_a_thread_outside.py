# outside
# needs: 3.8
# It traces one thread of a process outside, not its first one, and waits for any child.
import ctypes
import os
import sys
import threading
import time

place = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
if sys.argv[2:] == ["outside"]:
    libc.prctl(0x59616D61, ctypes.c_ulong(-1 & 0xFFFFFFFFFFFFFFFF), 0, 0, 0)

    def live():
        with open(place + "/part", "w") as file:
            file.write(str(threading.get_native_id()))
        os.rename(place + "/part", place + "/ready")
        while not os.path.exists(place + "/traced"):
            time.sleep(0.01)
        time.sleep(2)

    threading.Thread(target=live).start()
    time.sleep(60)
else:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    outside = int(open(place + "/ready").read())
    child = os.fork()
    if child == 0:
        os.read(os.pipe()[0], 1)
    if libc.ptrace(0x4206, outside, None, None):
        print("skipped: ptrace is not allowed here")
        os.kill(child, 9)
        os.waitpid(child, 0)
        sys.exit(0)
    open(place + "/traced", "w").close()
    assert os.waitpid(-1, 0x40000000)[0] == outside  # __WALL
    os.kill(child, 9)
