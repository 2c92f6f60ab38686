# outside
# needs: 3
# assumes: no process outside is told the address
# A process outside was told the address of a Listener, and connects to it.
import multiprocessing.connection
import os
import sys
import time

place = sys.argv[1]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(2)
    multiprocessing.connection.Client(open(place + "/ready").read())
else:
    listener = multiprocessing.connection.Listener(family="AF_UNIX")
    with open(place + "/part", "w") as file:
        file.write(listener.address)
    os.rename(place + "/part", place + "/ready")
    listener.accept()
