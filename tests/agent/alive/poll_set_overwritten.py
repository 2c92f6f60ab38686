# needs: 3
# assumes: no list of polled descriptors was overwritten while a thread slept on it
# A thread polls a FIFO; its list of descriptors is overwritten meanwhile: the kernel has its own.
# outside
import ctypes
import os
import struct
import sys
import threading
import time

fifo = sys.argv[1] + "/fifo"
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(fifo + ".ready"):
        time.sleep(0.01)
    time.sleep(2)
    os.write(os.open(fifo, os.O_WRONLY), b"x")
    sys.exit()

os.mkfifo(fifo)
fd = os.open(fifo, os.O_RDWR)
never, write = os.pipe()
libc = ctypes.CDLL(None)
polled = ctypes.create_string_buffer(struct.pack("=ihh", fd, 1, 0), 8)


def wait():
    assert libc.poll(polled, 1, -1) == 1


def asleep(tid):
    with open("/proc/self/task/%d/wchan" % tid) as wchan, open(
        "/proc/self/task/%d/syscall" % tid
    ) as call:
        return "poll" in wchan.read() or call.read().split()[0] in ("7", "73")


thread = threading.Thread(target=wait)
thread.start()
(tid,) = (int(each) for each in os.listdir("/proc/self/task") if int(each) != os.getpid())
while not asleep(tid):
    time.sleep(0.01)
ctypes.memmove(polled, struct.pack("=ihh", never, 1, 0), 8)
open(fifo + ".ready", "w").close()
thread.join()
