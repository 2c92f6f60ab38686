# outside
# assumes: no signal comes from outside the job
# A process outside sends urgent data to a socket that has an owner, which gets SIGURG.
import fcntl
import os
import signal
import socket
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    client = socket.create_connection(("127.0.0.1", int(open(place + "/ready").read())))
    client.recv(1)
    time.sleep(2)
    client.send(b"x", socket.MSG_OOB)
    time.sleep(60)
else:

    class Called(Exception):
        pass

    def call(*_):
        raise Called

    signal.signal(signal.SIGURG, call)
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    with open(place + "/part", "w") as file:
        file.write(str(server.getsockname()[1]))
    os.rename(place + "/part", place + "/ready")
    connection = server.accept()[0]
    fcntl.fcntl(connection.fileno(), fcntl.F_SETOWN, os.getpid())
    try:
        connection.sendall(b"x")
        os.read(os.pipe()[0], 1)
    except Called:
        pass
