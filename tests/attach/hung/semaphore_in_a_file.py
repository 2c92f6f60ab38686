# wide
# verdict: outside
# outside: futex
# who: the program
import ctypes
import mmap
import sys

with open(f"{sys.argv[1]}/memory", "w+b") as file:
    file.truncate(4096)
    memory = mmap.mmap(file.fileno(), 4096)
library = ctypes.CDLL(None)
semaphore = (ctypes.c_char * 32).from_buffer(memory)
library.sem_init(semaphore, 1, 0)
print("ready", flush=True)
library.sem_wait(semaphore)  # here
