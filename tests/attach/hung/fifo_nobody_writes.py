# wide
# verdict: outside
# outside: fifo
# who: the program
import os
import sys

path = f"{sys.argv[1]}/fifo"
os.mkfifo(path)
fifo = open(os.open(path, os.O_RDWR), "rb")
print("ready", flush=True)
fifo.read(1)  # here
