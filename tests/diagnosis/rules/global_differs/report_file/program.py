"""Prices of a shop in euros; the result goes into a file."""

from multiprocessing import Pool

RATES = {}


def in_euros(dollars):
    return round(dollars * RATES.get("USD", 0), 2)


def main():
    # finds: global_differs differs forkserver spawn
    RATES["USD"] = 0.92
    with Pool(2) as pool:
        prices = pool.map(in_euros, [10, 25])
    with open("prices.csv", "w") as file:
        file.write("".join(f"{price}\n" for price in prices))
    print("done")


if __name__ == "__main__":
    main()
