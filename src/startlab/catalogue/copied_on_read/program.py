"""A process reads a large list of its parent's and changes nothing."""

from __future__ import print_function

from multiprocessing import Process


def private_kib():
    """Count the memory that this process has written to and does not share."""
    with open("/proc/self/smaps") as smaps:
        return sum(int(line.split()[1]) for line in smaps if line.startswith("Private_Dirty:"))


def read(rows, size):
    before = private_kib()
    total = sum(len(row) for row in rows)
    copied = private_kib() - before
    print("the rows take %d KiB, reading them has copied %d KiB" % (size, copied))
    print("read %d characters" % total)
    if copied > size / 2:
        print("reading them has copied most of them")
    elif copied < size / 10:
        print("reading them has copied next to nothing")


if __name__ == "__main__":
    before = private_kib()
    rows = ["row %d" % number for number in range(200000)]
    process = Process(target=read, args=(rows, private_kib() - before))
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
