# A pool whose result never comes, and a timer, whose thread ends the program.
import multiprocessing
import os
import threading


def lose():
    os._exit(0)


if __name__ == "__main__":
    pool = multiprocessing.Pool(1)
    timer = threading.Timer(2.5, os._exit, (0,))
    timer.start()
    pool.apply(lose)
