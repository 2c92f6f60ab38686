# outside
# An abstract socket has a name that begins as those of multiprocessing; a process outside knows it.
import os
import socket
import sys
import time

place = sys.argv[1]
name = "\0listener-" + os.path.basename(place)
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(2)
    client = socket.socket(socket.AF_UNIX)
    client.connect(name)
    client.recv(1)
else:
    server = socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen(1)
    open(place + "/ready", "w").close()
    server.accept()[0].sendall(b"x")
