import multiprocessing as mp

QUOTES = {"abc": 10, "xyz": 20}


def quote(symbol, results):
    results.put((symbol, QUOTES[symbol]))


def main():
    results = mp.Queue()
    workers = [mp.Process(target=quote, args=(s, results)) for s in QUOTES]
    for worker in workers:
        worker.start()
    for symbol, price in sorted(results.get() for _ in workers):
        print(symbol, price)
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
