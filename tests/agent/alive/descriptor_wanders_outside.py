# outside
# needs: 3.9
# assumes: no descriptor of the job goes from one process outside to another
# The write end goes to and fro between processes outside, so that each mostly seems not to have it.
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
    fds = socket.recv_fds(connection, 1, 1)[1]
    one, other = socket.socketpair()
    me = os.fork()
    half, its = (one, other) if me else (other, one)
    sys.excepthook = lambda *_: None  # the other one may be killed at any time
    its.close()
    if me:
        connection.sendall(b"x")
    else:
        os.close(fds[0])
    until = time.monotonic() + 2
    while True:
        if not me or not fds:
            fds = socket.recv_fds(half, 1, 1)[1]
        if not fds:
            sys.exit()
        if me and time.monotonic() > until:
            os.write(fds[0], b"x")
            os.kill(me, 9)
            sys.exit()
        socket.send_fds(half, [b"x"], fds)
        os.close(fds.pop())
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
