# outside
# needs: 3.9
# A pipe is to send SIGIO to this process, which gave its ends away to a process outside.
import fcntl
import os
import signal
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
    fds = socket.recv_fds(connection, 1, 2)[1]
    connection.sendall(b"x")
    time.sleep(2 * int(os.environ.get("TIMES", 1)))
    os.write(fds[1], b"x")
    time.sleep(60)
else:

    class Called(Exception):
        pass

    def call(*_):
        raise Called

    signal.signal(signal.SIGIO, call)
    fds = os.pipe()
    fcntl.fcntl(fds[0], fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fds[0], fcntl.F_SETFL, fcntl.fcntl(fds[0], fcntl.F_GETFL) | 0o20000)
    while not os.path.exists(place + "/socket"):
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(place + "/socket")
    socket.send_fds(connection, [b"x"], fds)
    connection.recv(1)
    connection.close()
    for fd in fds:
        os.close(fd)
    try:
        os.read(os.pipe()[0], 1)
    except Called:
        pass
