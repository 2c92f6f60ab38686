# outside
# A process outside sends a datagram to a socket's name.
import os
import socket
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(1.2)
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", place + "/socket")
else:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(place + "/socket")
    open(place + "/ready", "w").close()
    assert server.recv(1) == b"x"
