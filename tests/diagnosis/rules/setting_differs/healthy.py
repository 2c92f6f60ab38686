import decimal
import json
import logging
import random
import socket
import sys
import threading
import warnings
from multiprocessing import Pool

log = logging.getLogger("cubes")
SHUFFLER = random.Random()


def cube(n):
    log.debug("cube of %d", n)
    return n ** 3


def plain(encoder, value):
    return str(value)


def main():
    decimal.getcontext().prec = 50
    sys.setrecursionlimit(3000)
    threading.stack_size(1024 * 1024)
    socket.setdefaulttimeout(30)
    warnings.simplefilter("ignore")
    json.JSONEncoder.default = plain
    log.addHandler(logging.StreamHandler(sys.stdout))
    log.setLevel(logging.INFO)
    log.info("begins")
    numbers = list(range(6))
    SHUFFLER.shuffle(numbers)
    with Pool(2) as pool:
        print(sorted(pool.map(cube, numbers)))
    print(decimal.Decimal(2).sqrt(), json.dumps(decimal.Decimal(1)))


if __name__ == "__main__":
    main()
