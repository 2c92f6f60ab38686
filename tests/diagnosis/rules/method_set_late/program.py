import multiprocessing as mp

QUOTES = {"abc": 10, "xyz": 20}
RESULTS = mp.Queue()


def quote(symbol, results):
    results.put((symbol, QUOTES[symbol]))


def main():
    # finds: method_set_late error fork forkserver spawn
    mp.set_start_method("spawn")
    workers = [mp.Process(target=quote, args=(s, RESULTS)) for s in QUOTES]
    for worker in workers:
        worker.start()
    for symbol, price in sorted(RESULTS.get() for _ in workers):
        print(symbol, price)
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
