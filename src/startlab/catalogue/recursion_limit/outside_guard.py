"""The limit is raised where the main module is imported, outside the main guard."""

from __future__ import print_function

import sys
from multiprocessing import Process

sys.setrecursionlimit(5000)


def tree(depth):
    node = None
    for _ in range(depth):
        node = [node]
    return node


def depth(node):
    return 0 if node is None else 1 + depth(node[0])


def walk():
    print("the child's tree is", depth(tree(1500)), "deep")


if __name__ == "__main__":
    process = Process(target=walk)
    process.start()
    process.join()
    print("the parent's tree is", depth(tree(1500)), "deep")
    sys.exit(process.exitcode)
