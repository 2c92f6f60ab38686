from __future__ import print_function

from multiprocessing import Process


def countdown(count):
    while count > 0:
        print("Count value", count)
        count -= 1


if __name__ == "__main__":
    p1 = Process(target=countdown, args=(10,))
    p2 = Process(target=countdown, args=(20,))
    p1.start()
    p2.start()
    p1.join()
    p2.join()
