import contextvars
from multiprocessing import Pool

region = contextvars.ContextVar("region", default="eu")
PRICES = {"eu": 3, "us": 5}


def bill(units):
    return units * PRICES[region.get()]


def main():
    # finds: global_differs differs forkserver spawn
    region.set("us")
    with Pool(2) as pool:
        for amount in pool.map(bill, [10, 20, 30]):
            print("amount due", amount)


if __name__ == "__main__":
    main()
