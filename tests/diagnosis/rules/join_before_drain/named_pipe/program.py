# timeout: 5
import os
from multiprocessing import Process


def export(rows):
    # finds: fifo_half_open hang fork forkserver spawn
    with open("table", "w") as out:
        out.writelines(rows)


if __name__ == "__main__":
    os.mkfifo("table")
    exporter = Process(target=export, args=(["1\n", "2\n"],))
    exporter.start()
    exporter.join()
    with open("table") as table:
        print(table.read().split())
