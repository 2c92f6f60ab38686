"""Have a child count the lines of a file in a temporary folder."""

# python: wine-3.12

import pathlib
import tempfile
from multiprocessing import Process


def count(path):
    with open(path) as file:
        print(len(file.readlines()), "lines")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "lines.txt")
        path.write_text("one\ntwo\n")
        child = Process(target=count, args=(path,))
        child.start()
        child.join()
    raise SystemExit(child.exitcode)
