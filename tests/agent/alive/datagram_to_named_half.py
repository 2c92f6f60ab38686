# outside
# One half of a socket pair has been given a name: it takes datagrams from outside as well.
import os
import socket
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(1.2)
    # Only its peer may send to a connected datagram socket: take its place.
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        client.sendto(b"x", place + "/socket")
    except (OSError, socket.error):
        pass
    open(place + "/done", "w").close()
else:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.bind(place + "/socket")
    open(place + "/ready", "w").close()
    child = os.fork()
    if child == 0:
        while not os.path.exists(place + "/done"):
            time.sleep(0.05)
        theirs.send(b"y")
        os._exit(0)
    assert ours.recv(1) in (b"x", b"y")
