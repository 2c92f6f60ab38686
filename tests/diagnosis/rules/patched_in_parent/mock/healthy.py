import time
from multiprocessing import Process
from unittest import mock


def stamp(clock):
    print("at", int(clock()) // 1_000_000)


def five_million():
    return 5_000_000.0


def main():
    with mock.patch("time.sleep"):
        time.sleep(1_000)
        worker = Process(target=stamp, args=(five_million,))
        worker.start()
        worker.join()


if __name__ == "__main__":
    main()
