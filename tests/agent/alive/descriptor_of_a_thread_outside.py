# outside
# needs: 3.9
# A process outside has the write end, too; its first thread has ended, so it seems to have none.
import ctypes
import os
import socket
import sys
import threading
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(place + "/part")
    server.listen(1)
    os.rename(place + "/part", place + "/socket")

    def write():
        connection = server.accept()[0]
        fd = socket.recv_fds(connection, 1, 1)[1][0]
        connection.sendall(b"x")
        time.sleep(2)
        os.write(fd, b"x")

    threading.Thread(target=write).start()
    ctypes.CDLL(None).pthread_exit(None)
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
