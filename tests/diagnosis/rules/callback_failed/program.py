from multiprocessing import Pool

totals = {}


def price(item):
    return item, len(item) * 10


def collect(result):
    item, cost = result
    # finds: callback_failed hang fork forkserver spawn
    totals[item] += cost


def main():
    with Pool(2) as pool:
        pending = [pool.apply_async(price, (each,), callback=collect) for each in ("pen", "ink")]
        for each in pending:
            each.get()
    print(totals)


if __name__ == "__main__":
    main()
