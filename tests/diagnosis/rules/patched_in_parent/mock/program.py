import time
from multiprocessing import Process
from unittest import mock


def stamp():
    print("at", int(time.time()) // 1_000_000)


def main():
    # finds: patched_in_parent differs forkserver spawn
    with mock.patch("time.time", return_value=5_000_000.0):
        worker = Process(target=stamp)
        worker.start()
        worker.join()


if __name__ == "__main__":
    main()
