# outside
# open(2) of a FIFO for reading blocks until a process outside opens it for writing.
import os
import sys
import time

fifo = sys.argv[1] + "/fifo"
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(fifo):
        time.sleep(0.01)
    time.sleep(1.2)
    os.open(fifo, os.O_WRONLY)
else:
    os.mkfifo(fifo)
    os.open(fifo, os.O_RDONLY)
