import os
from multiprocessing import Process


def report(number):
    # finds: descriptor_by_number differs forkserver spawn
    os.write(number, b"done")


def main():
    reader, writer = os.pipe()
    high = os.dup2(writer, 200)
    worker = Process(target=report, args=(high,))
    worker.start()
    worker.join()
    os.close(writer)
    os.close(high)
    print("the worker says", os.read(reader, 100).decode() or "nothing")


if __name__ == "__main__":
    main()
