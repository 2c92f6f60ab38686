"""Write a report, have a child replace it by a longer one."""

# python: wine-3.12
import os
from multiprocessing import Process


def archive(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text + "archived\n")
    os.replace(path + ".new", path)


if __name__ == "__main__":
    with open("report.txt", "w", encoding="utf-8") as report:
        report.write("all is well\n")
    child = Process(target=archive, args=("report.txt",))
    child.start()
    child.join()
    with open("report.txt", encoding="utf-8") as report:
        print(report.read())
    os.remove("report.txt")
