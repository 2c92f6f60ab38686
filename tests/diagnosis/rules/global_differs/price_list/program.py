"""Scale prices by a factor that the command line sets."""
import sys
from multiprocessing import Pool

SETTINGS = {"factor": 1, "currency": "EUR"}


def price(item):
    name, amount = item
    return "%s: %d %s" % (name, amount * SETTINGS["factor"], SETTINGS["currency"])


def main(argv):
    # finds: global_differs differs forkserver spawn
    SETTINGS["factor"] = 3
    SETTINGS.update(currency="USD")
    with Pool(2) as pool:
        for line in pool.map(price, [("tea", 4), ("jam", 5), ("rye", 6)]):
            print(line)


if __name__ == "__main__":
    main(sys.argv)
