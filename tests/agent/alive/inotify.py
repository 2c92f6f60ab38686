# outside
# A process outside creates a file in a watched directory.
import ctypes
import os
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(1.2)
    open(place + "/news", "w").close()
else:
    libc = ctypes.CDLL(None)
    fd = libc.inotify_init()
    assert libc.inotify_add_watch(fd, place.encode(), 0x100) > 0
    open(place + "/ready", "w").close()
    os.read(fd, 4096)
    os.read(fd, 4096)
