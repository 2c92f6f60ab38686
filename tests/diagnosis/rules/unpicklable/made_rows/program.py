"""Reads measurements, whose fields are known only when the header is read."""

import collections
import multiprocessing

LINES = ["day depth", "1 20", "2 22"]


def read(name):
    row = collections.namedtuple("Measurement", LINES[0])
    # finds: unpicklable_result error fork forkserver spawn
    return [row(*line.split()) for line in LINES[1:]]


if __name__ == "__main__":
    with multiprocessing.Pool(1) as pool:
        print(len(pool.apply(read, ("lake",))), "days")
