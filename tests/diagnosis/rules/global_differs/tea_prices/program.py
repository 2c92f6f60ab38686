from concurrent.futures import ProcessPoolExecutor

PRICES = {}


def price_of(prices, item):
    return prices[item]


def total(items):
    return sum(price_of(PRICES, item) for item in items)


if __name__ == "__main__":
    # finds: global_differs error forkserver spawn
    PRICES.update(tea=3, milk=1)
    with ProcessPoolExecutor(1) as pool:
        print(pool.submit(total, ["tea", "milk"]).result())
