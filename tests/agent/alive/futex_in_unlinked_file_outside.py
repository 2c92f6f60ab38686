# outside
# needs: 3.9
# A futex is in a file without a name, which a process outside has open and maps just to wake it.
import ctypes
import mmap
import os
import socket
import sys
import time

place = sys.argv[1]
path = "/dev/shm/startlab-test-" + os.path.basename(place)
number = 202 if os.uname()[4] == "x86_64" else 98
libc = ctypes.CDLL(None)
if sys.argv[2:] == ["outside"]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(place + "/part")
    server.listen(1)
    os.rename(place + "/part", place + "/socket")
    connection = server.accept()[0]
    fd = socket.recv_fds(connection, 1, 1)[1][0]
    connection.sendall(b"x")
    time.sleep(2)
    memory = mmap.mmap(fd, 4096)
    memory[:1] = b"x"
    word = ctypes.c_int.from_buffer(memory)
    assert libc.syscall(number, ctypes.byref(word), 1, 1, None) == 1
else:
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.unlink(path)
    os.ftruncate(fd, 4096)
    memory = mmap.mmap(fd, 4096)
    word = ctypes.c_int.from_buffer(memory)
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [fd])
    connection.recv(1)
    connection.close()
    assert libc.syscall(number, ctypes.byref(word), 0, 0, None) == 0
