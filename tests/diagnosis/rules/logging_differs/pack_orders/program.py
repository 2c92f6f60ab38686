import logging
import sys
from multiprocessing import Pool

log = logging.getLogger("shop.orders")


def pack(number):
    log.info("order %d is packed", number)
    return number * number


def main():
    # finds: logging_differs note forkserver spawn
    log.addHandler(logging.StreamHandler(sys.stderr))
    log.setLevel(logging.INFO)
    with Pool(2) as pool:
        print(pool.map(pack, range(6)))


if __name__ == "__main__":
    main()
