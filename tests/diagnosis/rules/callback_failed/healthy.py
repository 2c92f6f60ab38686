from multiprocessing import Pool

totals = {}


def price(item):
    return item, len(item) * 10
def collect(result):
    item, cost = result
    totals[item] = totals.get(item, 0) + cost


def main():
    with Pool(2) as pool:
        pending = [pool.apply_async(price, (each,), callback=collect) for each in ("pen", "ink")]
        for each in pending:
            each.get()
    print(sorted(totals.items()))


if __name__ == "__main__":
    main()
