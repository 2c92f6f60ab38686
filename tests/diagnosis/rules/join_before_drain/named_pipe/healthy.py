import os
from multiprocessing import Process


def export(rows):
    with open("table", "w") as out:
        out.writelines(rows)


if __name__ == "__main__":
    os.mkfifo("table")
    exporter = Process(target=export, args=(["1\n", "2\n"],))
    exporter.start()
    with open("table") as table:
        print(table.read().split())
    exporter.join()
