"""A script forks by itself, and its child ends as scripts do, by sys.exit()."""

from __future__ import print_function

import os
import sys

if __name__ == "__main__":
    print("the head")  # to a pipe or a file: stays in the buffer; to a terminal it would go out
    child = os.fork()
    if child == 0:
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    print("the body")
    print("the child ended with status", status)
