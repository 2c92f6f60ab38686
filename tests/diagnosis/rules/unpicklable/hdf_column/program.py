"""Adds up columns of a table in an HDF5 file."""

# with: h5py

import multiprocessing
import os
import tempfile

import h5py
import numpy as np


def add(table, column, sums):
    sums.put(float(table[:, column].sum()))


def main():
    with tempfile.TemporaryDirectory() as folder:
        with h5py.File(os.path.join(folder, "table.h5"), "w") as file:
            table = file.create_dataset("table", data=np.ones((4, 2)))
            sums = multiprocessing.Queue()
            worker = multiprocessing.Process(target=add, args=(table, 1, sums))
            # finds: unpicklable error forkserver spawn
            worker.start()
            print(sums.get())
            worker.join()


if __name__ == "__main__":
    main()
