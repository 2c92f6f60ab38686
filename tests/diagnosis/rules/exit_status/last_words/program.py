# finds: exit_status error fork forkserver spawn, at no line
import sys
from multiprocessing import Pool

KNOWN = {"tea", "salt"}


def price(name):
    return len(name) if name in KNOWN else None


def main(names):
    print("reading prices", file=sys.stderr)
    print("starting workers", file=sys.stderr)
    with Pool(2) as pool:
        prices = pool.map(price, names)
    print("1 name has no price", file=sys.stderr)
    sys.exit("no price list is written" if None in prices else 0)


if __name__ == "__main__":
    main(["tea", "rice"])
