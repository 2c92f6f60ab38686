"""Write a report, have a child archive it."""

# python: wine-3.12

import os
from multiprocessing import Process


def archive(path):
    with open(path) as file:
        print("archived", len(file.read()), "characters")


if __name__ == "__main__":
    report = open("report.txt", "w")
    report.write("all is well\n")
    report.flush()
    child = Process(target=archive, args=("report.txt",))
    child.start()
    child.join()
    # finds: file_in_use error spawn
    os.remove("report.txt")
    report.close()
