# needs: 3
# io_uring writes into the pipe after a timeout; only a thread with descriptors of its own has it.
import ctypes
import os
import struct
import sys
import threading

SETUP, ENTER = 425, 426
libc = ctypes.CDLL(None, use_errno=True)


def own_table():
    """Give this thread a table of descriptors of its own: unshare(CLONE_FILES), or close_range."""
    nothing = ctypes.c_uint(0xFFFFFFF0)
    return libc.unshare(0x400) == 0 or libc.syscall(436, nothing, nothing, 2) == 0


libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + 3 * [ctypes.c_int] + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

read, write = os.pipe()
never = os.pipe()[0]
params = ctypes.create_string_buffer(120)
SIZE = 4096
spec = (ctypes.c_longlong * 2)(1, 500000000)
letter = ctypes.create_string_buffer(b"x")


def submit():
    ring = libc.syscall(SETUP, 4, params) if own_table() else -1
    if ring < 0:
        print("skipped: io_uring, or a table of its own, is not allowed here")
        os.write(write, b"x")
        return
    tail, array = struct.unpack_from("=4xI16xI", params, 40)
    queue = libc.mmap(None, SIZE, 3, 1, ring, 0)
    entries = libc.mmap(None, SIZE, 3, 1, ring, 0x10000000)
    # opcode, flags (hard link), fd, offset, address, length
    timeout = struct.pack("=BBHiQQI36x", 11, 8, 0, -1, 0, ctypes.addressof(spec), 1)
    writing = struct.pack("=BBHiQQI36x", 23, 0, 0, write, 0, ctypes.addressof(letter), 1)
    ctypes.memmove(entries, timeout + writing, 128)
    ctypes.memmove(queue + array, struct.pack("=II", 0, 1), 8)
    ctypes.memmove(queue + tail, struct.pack("=I", 2), 4)
    assert libc.syscall(ENTER, ring, 2, 0, 0, None, 0) == 2
    libc.munmap(queue, SIZE)
    libc.munmap(entries, SIZE)
    os.read(never, 1)


thread = threading.Thread(target=submit)
thread.daemon = True
thread.start()
assert os.read(read, 1) == b"x"
sys.stdout.flush()
os._exit(0)
