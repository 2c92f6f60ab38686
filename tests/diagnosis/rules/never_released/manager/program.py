import multiprocessing


def fill(lock, stock):
    lock.acquire()
    if not stock:
        return
    stock.append(1)
    lock.release()


def read(lock, stock):
    # finds: never_released hang fork forkserver spawn
    with lock:
        print(list(stock))


if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        words = manager.Lock(), manager.list()
        for target in (fill, read):
            worker = multiprocessing.Process(target=target, args=words)
            worker.start()
            worker.join()
