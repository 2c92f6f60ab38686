# outside
# needs: 3
# A FIFO is to send SIGIO; only a thread with descriptors of its own has it.
import ctypes
import fcntl
import os
import signal
import sys
import threading
import time

fifo = sys.argv[1] + "/fifo"
libc = ctypes.CDLL(None, use_errno=True)


def own_table():
    """Give this thread a table of descriptors of its own: unshare(CLONE_FILES), or close_range."""
    nothing = ctypes.c_uint(0xFFFFFFF0)
    return libc.unshare(0x400) == 0 or libc.syscall(436, nothing, nothing, 2) == 0


if sys.argv[2:] == ["outside"]:
    while not os.path.exists(fifo + ".ready"):
        time.sleep(0.01)
    time.sleep(2)
    os.write(os.open(fifo, os.O_WRONLY), b"x")
    time.sleep(60)
else:

    class Called(Exception):
        pass

    def call(*_):
        raise Called

    def have():
        if not own_table():
            print("skipped: a table of its own is not allowed here")
            sys.stdout.flush()
            os._exit(0)
        fd = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | 0o20000)
        open(fifo + ".ready", "w").close()
        os.read(never, 1)

    signal.signal(signal.SIGIO, call)
    os.mkfifo(fifo)
    never = os.pipe()[0]
    thread = threading.Thread(target=have)
    thread.daemon = True
    thread.start()
    try:
        os.read(never, 1)
    except Called:
        os._exit(0)
