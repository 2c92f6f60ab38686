"""A script forks by itself, and its child ends by os._exit()."""

from __future__ import print_function

import os

if __name__ == "__main__":
    print("the head")
    child = os.fork()
    if child == 0:
        os._exit(0)  # flushes nothing: what is in the buffer is the parent's
    _, status = os.waitpid(child, 0)
    print("the body")
    print("the child ended with status", status)
