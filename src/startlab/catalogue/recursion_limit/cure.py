"""The process gets the recursion limit as an argument and sets it by itself."""

from __future__ import print_function

import sys
from multiprocessing import Process


def tree(depth):
    node = None
    for _ in range(depth):
        node = [node]
    return node


def depth(node):
    return 0 if node is None else 1 + depth(node[0])


def walk(limit):
    sys.setrecursionlimit(limit)
    print("the child's tree is", depth(tree(1500)), "deep")


if __name__ == "__main__":
    sys.setrecursionlimit(5000)
    process = Process(target=walk, args=(sys.getrecursionlimit(),))
    process.start()
    process.join()
    print("the parent's tree is", depth(tree(1500)), "deep")
    sys.exit(process.exitcode)
