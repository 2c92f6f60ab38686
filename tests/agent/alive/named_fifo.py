# outside
# assumes: no process outside opens what the job waits for by its name or number
# A process outside opens the FIFO by its name and writes into it. We hold both ends, too.
import os
import sys
import time

fifo = sys.argv[1] + "/fifo"
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(fifo + ".ready"):
        time.sleep(0.01)
    time.sleep(1.2)
    os.write(os.open(fifo, os.O_WRONLY), b"x")
else:
    os.mkfifo(fifo)
    fd = os.open(fifo, os.O_RDWR)
    open(fifo + ".ready", "w").close()
    assert os.read(fd, 1) == b"x"
