# wide
# other: writes into the FIFO
import os
import sys
import time

path = f"{sys.argv[1]}/fifo"
if sys.argv[2:] == ["other"]:
    os.mkfifo(path)
    fifo = os.open(path, os.O_RDWR)
    print("ready", flush=True)
    while True:
        os.write(fifo, b"tick")
        time.sleep(0.2)
fifo = os.open(path, os.O_RDONLY)
print("ready", flush=True)
while True:
    os.read(fifo, 4)
