# outside
# needs: 3.10
# A process outside has the eventfd, too.
import os
import socket
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    peer = socket.socket(socket.AF_UNIX)
    peer.bind(place + "/part")
    peer.listen(1)
    os.rename(place + "/part", place + "/socket")
    connection = peer.accept()[0]
    fd = socket.recv_fds(connection, 1, 1)[1][0]
    connection.sendall(b"x")
    time.sleep(2)
    os.eventfd_write(fd, 1)
    time.sleep(60)
else:
    fd = os.eventfd(0)
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [fd])
    connection.recv(1)
    connection.close()
    assert os.eventfd_read(fd) == 1
