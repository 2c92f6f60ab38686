# A program that is no Python reads a pipe whose only writer it is itself.
import os
import subprocess
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


read, write = os.pipe()
child = os.fork()
if child == 0:
    os.dup2(read, 0)
    os.dup2(write, 9)
    if hasattr(os, "set_inheritable"):
        os.set_inheritable(9, True)
    last_words()
    os.execvp("cat", ["cat"])
os.close(write)
os.waitpid(child, 0)
