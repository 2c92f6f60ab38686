"""Write a part of a report per child, and join the parts."""

# python: wine-3.12
import os
import tempfile
from multiprocessing import Process
from pathlib import Path


def write(folder, number):
    Path(folder, f"part-{number}.txt").write_text(f"part {number}\n", "utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        children = [Process(target=write, args=(folder, number)) for number in range(2)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        for part in sorted(Path(folder).iterdir()):
            print(part.name, "is by itself:", part.parent == Path(folder))
    with open(os.devnull, "w") as nowhere:
        print("noise", file=nowhere)
