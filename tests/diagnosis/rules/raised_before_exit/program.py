from multiprocessing import Process, SimpleQueue

ROWS = [{"price": 3.5}, {"cost": 1.0}]


def store(ready, prices):
    ready.put(True)
    while True:
        price = prices.get()
        if price is None:
            break
        print("stored", price)


def main():
    ready, prices = SimpleQueue(), SimpleQueue()
    writer = Process(target=store, args=(ready, prices))
    writer.start()
    ready.get()
    for row in ROWS:
        # finds: raised_before_exit hang fork forkserver spawn
        prices.put(row["price"])
    prices.put(None)
    writer.join()


if __name__ == "__main__":
    main()
