# outside
# needs: 3
# Main asks a connection from outside for something, again and again; it comes after a while.
import os
import socket
import sys
import time
from multiprocessing.connection import Connection

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/socket"):
        time.sleep(0.05)
    with socket.socket(socket.AF_UNIX) as here:
        here.connect(place + "/socket")
        time.sleep(9)
        Connection(os.dup(here.fileno())).send("done")
    sys.exit()
server = socket.socket(socket.AF_UNIX)
server.bind(place + "/part")
server.listen(1)
os.rename(place + "/part", place + "/socket")
connection = Connection(server.accept()[0].detach())
while not connection.poll():
    time.sleep(0.1)
assert connection.recv() == "done"
