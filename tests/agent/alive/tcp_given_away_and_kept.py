# outside
# needs: 3.9
# A TCP connection has both its ends in this process, and one of them outside, too.
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
    os.write(fd, b"x")
    time.sleep(60)
else:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    ours = socket.create_connection(server.getsockname())
    theirs = server.accept()[0]
    fd = theirs.fileno()
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [fd])
    connection.recv(1)
    connection.close()
    assert ours.recv(1) == b"x"
