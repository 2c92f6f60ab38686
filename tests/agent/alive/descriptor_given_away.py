# outside
# needs: 3.9
# The write end of the pipe was handed to a process outside.
import os
import socket
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
    time.sleep(1.5)
    os.write(fd, b"x")
else:
    read, write = os.pipe()
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [write])
    connection.recv(1)
    connection.close()
    os.close(write)
    assert os.read(read, 1) == b"x"
