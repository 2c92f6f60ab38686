# needs: 3
# assumes: no io_uring that is neither open nor mapped has requests under way
# io_uring writes into the pipe after a timeout, through a ring that is neither open nor mapped.
import ctypes
import os
import struct
import sys

SETUP, ENTER, REGISTER = 425, 426, 427
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + 3 * [ctypes.c_int] + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

read, write = os.pipe()
params = ctypes.create_string_buffer(120)
ring = libc.syscall(SETUP, 4, params)
if ring < 0:
    print("skipped: io_uring is not allowed here")
    sys.exit(0)
tail, array = struct.unpack_from("=4xI16xI", params, 40)
SIZE = 4096
queue = libc.mmap(None, SIZE, 3, 1, ring, 0)
entries = libc.mmap(None, SIZE, 3, 1, ring, 0x10000000)
spec = (ctypes.c_longlong * 2)(1, 500000000)
letter = ctypes.create_string_buffer(b"x")
# opcode, flags (hard link), fd, offset, address, length
timeout = struct.pack("=BBHiQQI36x", 11, 8, 0, -1, 0, ctypes.addressof(spec), 1)
writing = struct.pack("=BBHiQQI36x", 23, 0, 0, write, 0, ctypes.addressof(letter), 1)
ctypes.memmove(entries, timeout + writing, 128)
ctypes.memmove(queue + array, struct.pack("=II", 0, 1), 8)
ctypes.memmove(queue + tail, struct.pack("=I", 2), 4)
assert libc.syscall(ENTER, ring, 2, 0, 0, None, 0) == 2
registered = ctypes.create_string_buffer(struct.pack("=IIQ", 0xFFFFFFFF, 0, ring))
assert libc.syscall(REGISTER, ring, 20, registered, 1) == 1, os.strerror(ctypes.get_errno())
libc.munmap(queue, SIZE)
libc.munmap(entries, SIZE)
os.close(ring)
assert os.read(read, 1) == b"x"
