# outside
# needs: 3.9
# The write end of the pipe was handed to a process outside, which has it in an io_uring only.
import ctypes
import os
import socket
import struct
import sys
import time

place = sys.argv[1]
SETUP, ENTER, REGISTER = 425, 426, 427
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + 3 * [ctypes.c_int] + [ctypes.c_long]
if sys.argv[2:] == ["outside"]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(place + "/part")
    server.listen(1)
    os.rename(place + "/part", place + "/socket")
    connection = server.accept()[0]
    fd = socket.recv_fds(connection, 1, 1)[1][0]
    params = ctypes.create_string_buffer(120)
    ring = libc.syscall(SETUP, 4, params)
    if ring < 0:
        connection.sendall(b"-")
        os.write(fd, b"x")
        sys.exit()
    tail, array = struct.unpack_from("=4xI16xI", params, 40)
    queue = libc.mmap(None, 4096, 3, 1, ring, 0)
    entries = libc.mmap(None, 4096, 3, 1, ring, 0x10000000)
    assert libc.syscall(REGISTER, ring, 2, ctypes.byref(ctypes.c_int(fd)), 1) == 0
    os.close(fd)
    connection.sendall(b"+")
    time.sleep(2)
    letter = ctypes.create_string_buffer(b"x")
    # opcode, flags (registered file), fd, offset, address, length
    writing = struct.pack("=BBHiQQI36x", 23, 1, 0, 0, 0, ctypes.addressof(letter), 1)
    ctypes.memmove(entries, writing, 64)
    ctypes.memmove(queue + tail, struct.pack("=I", 1), 4)
    assert libc.syscall(ENTER, ring, 1, 1, 1, None, 0) == 1
else:
    read, write = os.pipe()
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [write])
    if connection.recv(1) == b"-":
        print("skipped: io_uring is not allowed here")
    connection.close()
    assert os.read(read, 1) == b"x"
