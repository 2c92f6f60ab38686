# outside
# needs: 3.9
# A process outside has the write end, too, but just one thread of it, with a table of its own.
import ctypes
import os
import socket
import sys
import threading
import time

place = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)


def own_table():
    """Give this thread a table of descriptors of its own: unshare(CLONE_FILES), or close_range."""
    nothing = ctypes.c_uint(0xFFFFFFF0)
    return libc.unshare(0x400) == 0 or libc.syscall(436, nothing, nothing, 2) == 0


if sys.argv[2:] == ["outside"]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(place + "/part")
    server.listen(1)
    os.rename(place + "/part", place + "/socket")

    def write():
        if not own_table():
            print("skipped: a table of its own is not allowed here")
        connection = server.accept()[0]
        fd = socket.recv_fds(connection, 1, 1)[1][0]
        connection.sendall(b"x")
        time.sleep(2)
        os.write(fd, b"x")

    threading.Thread(target=write).start()
else:
    read, write = os.pipe()
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [write])
    connection.recv(1)
    connection.close()
    assert os.read(read, 1) == b"x"
