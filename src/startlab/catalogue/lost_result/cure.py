"""The exception keeps its arguments, so it can be rebuilt from them."""

from __future__ import print_function

from multiprocessing import Pool


class ServerError(Exception):
    def __init__(self, status, text):
        Exception.__init__(self, status, text)

    def __str__(self):
        return "%s: %s" % self.args


def fetch(page):
    raise ServerError(503, "unavailable")


if __name__ == "__main__":
    pool = Pool(1)
    try:
        pool.apply(fetch, ("index.html",))
    except ServerError as error:
        print("the parent learns:", error)
    pool.terminate()
    pool.join()
