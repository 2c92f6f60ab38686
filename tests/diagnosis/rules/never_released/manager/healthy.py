import multiprocessing


def fill(lock, stock):
    with lock:
        if not stock:
            return
        stock.append(1)


def read(lock, stock):
    with lock:
        print(list(stock))


if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        words = manager.Lock(), manager.list()
        for target in (fill, read):
            worker = multiprocessing.Process(target=target, args=words)
            worker.start()
            worker.join()
