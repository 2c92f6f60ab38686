# outside
# needs: 3.9
# The write end of the pipe was sent to a process outside, which has still to accept the connection.
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
    while not os.path.exists(place + "/sent"):
        time.sleep(0.01)
    time.sleep(2)
    connection = server.accept()[0]
    os.write(socket.recv_fds(connection, 1, 1)[1][0], b"x")
else:
    read, write = os.pipe()
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], [write])
    connection.close()
    open(place + "/sent", "w").close()
    assert os.read(read, 1) == b"x"
