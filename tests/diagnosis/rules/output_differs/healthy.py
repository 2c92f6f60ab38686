import os, time
from multiprocessing import Process


def w():
    print("worker", os.getpid(), flush=True)


if __name__ == "__main__":
    t = time.time()
    p = Process(target=w); p.start(); p.join()
    print("took %.3f s" % (time.time() - t), os.getcwd(), object())
