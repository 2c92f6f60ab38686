# outside
# needs: 3.9
# A lock of an open file (F_OFD_SETLKW) is held by one that a process outside has, too.
import fcntl
import os
import socket
import struct
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(place + "/part")
    server.listen(1)
    os.rename(place + "/part", place + "/socket")
    connection = server.accept()[0]
    fd = socket.recv_fds(connection, 1, 1)[1][0]
    connection.sendall(b"x")
    time.sleep(2)
    fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_UNLCK, 0, 0, 0, 0))
    time.sleep(60)
else:
    held, wanted = (os.open(place + "/file", os.O_RDWR | os.O_CREAT) for _ in range(2))
    fcntl.fcntl(held, 38, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [held])
    connection.recv(1)
    connection.close()
    fcntl.fcntl(wanted, 38, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
