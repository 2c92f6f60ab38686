# outside
# assumes: no process outside opens what the job waits for by its name or number
# A process outside connects to a Unix socket by its name.
import os
import socket
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(1.2)
    client = socket.socket(socket.AF_UNIX)
    client.connect(place + "/socket")
    client.recv(1)
else:
    server = socket.socket(socket.AF_UNIX)
    server.bind(place + "/socket")
    server.listen(1)
    open(place + "/ready", "w").close()
    server.accept()[0].sendall(b"x")
