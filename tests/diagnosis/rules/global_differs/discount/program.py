import decimal
import logging
import random
import sys
from multiprocessing import Pool

log = logging.getLogger("shop")
DRAWN_BY_THE_PARENT = random.Random()
DISCOUNTS = {}


def price(amount):
    log.info("price of %d", amount)
    try:
        return amount - DISCOUNTS.get("all", 0)
    except ArithmeticError:
        return decimal.Decimal(0)


def orders():
    amounts = [10, 20, 30]
    DRAWN_BY_THE_PARENT.shuffle(amounts)
    return amounts


def main():
    sys.setrecursionlimit(5000)
    decimal.getcontext().prec = 12
    log.addHandler(logging.StreamHandler(sys.stderr))
    log.setLevel(logging.INFO)
    # finds: global_differs differs forkserver spawn
    DISCOUNTS["all"] = 3
    with Pool(2) as pool:
        print("sum", sum(pool.map(price, orders())))


if __name__ == "__main__":
    main()
