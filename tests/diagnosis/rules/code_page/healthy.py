"""Print marks, and have a child write them."""

# python: wine-3.12
import sys
from multiprocessing import Process


def write(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write("✓ host-1\n")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    child = Process(target=write, args=("marks.txt",))
    child.start()
    child.join()
    with open("marks.txt", encoding="utf-8") as file:
        print(file.read())
