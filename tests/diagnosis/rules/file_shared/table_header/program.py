from multiprocessing import Process
import os

path = "table.txt"
with open(path, "w") as f:
    f.write("".join("line %d\n" % n for n in range(6)))
# finds: file_shared differs fork
table = open(path, buffering=1 << 4)


def skip_header():
    os.read(table.fileno(), 14)


if __name__ == "__main__":
    p = Process(target=skip_header)
    p.start()
    p.join()
    print(table.read().splitlines())
