"""The numbers are in one array: reading them makes new objects and counts no reference in it."""

from __future__ import print_function

from array import array
from multiprocessing import Process


def private_kib():
    """Count the memory that this process has written to and does not share."""
    with open("/proc/self/smaps") as smaps:
        return sum(int(line.split()[1]) for line in smaps if line.startswith("Private_Dirty:"))


def read(rows, size):
    before = private_kib()
    total = sum(rows)
    copied = private_kib() - before
    print("the rows take %d KiB, reading them has copied %d KiB" % (size, copied))
    print("added up to %d" % total)
    if copied > size / 2:
        print("reading them has copied most of them")
    elif copied < size / 10:
        print("reading them has copied next to nothing")


if __name__ == "__main__":
    before = private_kib()
    rows = array("d", [0.5]) * 1000000
    process = Process(target=read, args=(rows, private_kib() - before))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
