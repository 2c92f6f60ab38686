# outside
# needs: 3.9
# A process outside maps the futex; its first thread has ended, so that its maps look empty.
import ctypes
import mmap
import os
import socket
import sys
import threading
import time

place = sys.argv[1]
number = 202 if os.uname()[4] == "x86_64" else 98
libc = ctypes.CDLL(None)
if sys.argv[2:] == ["outside"]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(place + "/part")
    server.listen(1)
    os.rename(place + "/part", place + "/socket")

    def wake():
        connection = server.accept()[0]
        fd = socket.recv_fds(connection, 1, 1)[1][0]
        memory = mmap.mmap(fd, 4096)
        os.close(fd)
        connection.sendall(b"x")
        time.sleep(2)
        memory[:1] = b"x"
        word = ctypes.c_int.from_buffer(memory)
        assert libc.syscall(number, ctypes.byref(word), 1, 1, None) == 1

    threading.Thread(target=wake).start()
    libc.pthread_exit(None)
else:
    fd = os.memfd_create("words")
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
