import multiprocessing as mp


def add(lock, totals, key, amount):
    lock.acquire()
    # finds: holder_failed hang fork forkserver spawn
    totals[key] = totals[key] + amount
    lock.release()


def main():
    lock = mp.Lock()
    with mp.Manager() as manager:
        totals = manager.dict(a=1, b=2)
        for key, amount in [("a", 1), ("c", 5), ("b", 3)]:
            process = mp.Process(target=add, args=(lock, totals, key, amount))
            process.start()
            process.join()
        print(sorted(totals.items()))


if __name__ == "__main__":
    main()
