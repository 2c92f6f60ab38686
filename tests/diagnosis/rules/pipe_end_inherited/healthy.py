import os
import subprocess
import sys
from multiprocessing import Pipe, Process


def total(reader, writer):
    writer.close()
    found = 0
    try:
        while True:
            found += reader.recv()
    except EOFError:
        print("total", found, flush=True)


def main():
    reader, writer = Pipe(duplex=False)
    child = Process(target=total, args=(reader, writer))
    child.start()
    reader.close()
    for n in (1, 2, 3):
        writer.send(n)
    writer.close()
    child.join()


if __name__ == "__main__":
    main()
