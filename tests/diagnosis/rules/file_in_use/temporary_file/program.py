"""Have a child count the lines of a temporary file."""

# python: wine-3.12

import tempfile
from multiprocessing import Process


def count(path):
    with open(path) as file:
        print(len(file.readlines()), "lines")


if __name__ == "__main__":
    # finds: temporary_in_use error spawn
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("one\ntwo\n")
        file.flush()
        child = Process(target=count, args=(file.name,))
        child.start()
        child.join()
    raise SystemExit(child.exitcode)
