# pollers: >=2.7
# spins
# A pool's thread that takes the results has died of one; another, since 3.8, spins for the rest.
import multiprocessing
import sys
import time


class ServerError(Exception):
    def __init__(self, status, text):
        Exception.__init__(self, "%s: %s" % (status, text))


def fail(number):
    if number == 3:
        with open(sys.argv[1] + "/stamp", "w") as file:
            file.write(repr(time.time()))
    raise ServerError(503, "unavailable")


if __name__ == "__main__":
    multiprocessing.Pool(1).map(fail, range(4), 1)
