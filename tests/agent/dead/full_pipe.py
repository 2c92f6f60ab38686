# not in a container: nothing can ask a lone writer for its interval timer
# The child writes more than a pipe holds; the parent reads only after its end.
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


read, write = os.pipe()
child = os.fork()
if child == 0:
    last_words()
    os.write(write, b"x" * 1000000)
    os._exit(0)
os.waitpid(child, 0)
