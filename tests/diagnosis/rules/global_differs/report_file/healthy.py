"""Prices of a shop in euros, in a file; a log has the time and the process."""

import logging
from multiprocessing import Pool

RATES = {"USD": 0.92}


def in_euros(dollars):
    return round(dollars * RATES["USD"], 2)


def main():
    logging.basicConfig(filename="shop.log", format="%(asctime)s %(process)d %(message)s")
    logging.warning("open")
    with Pool(2) as pool:
        prices = pool.map(in_euros, [10, 25])
    with open("prices.csv", "w") as file:
        file.write("".join(f"{price}\n" for price in prices))
    print("done")


if __name__ == "__main__":
    main()
