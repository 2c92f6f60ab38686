# outside
# needs: 3.9
# One half of a pair of sockets is in a message to a process outside, which has not read it yet.
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
    while not os.path.exists(place + "/sent"):
        time.sleep(0.01)
    time.sleep(2)
    os.write(socket.recv_fds(connection, 1, 1)[1][0], b"x")
else:
    ours, theirs = socket.socketpair()
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [theirs.fileno()])
    connection.close()
    open(place + "/sent", "w").close()
    assert ours.recv(1) == b"x"
