"""Give a child its job in a temporary file, which it renames when it has begun."""

# python: wine-3.12

import os
import tempfile
from multiprocessing import Process


def begin(path):
    # finds: file_in_use error spawn
    os.rename(path, path + ".running")
    print("begun")


if __name__ == "__main__":
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write("job 1")
        file.flush()
        child = Process(target=begin, args=(file.name,))
        child.start()
        child.join()
    raise SystemExit(child.exitcode)
