import multiprocessing


def fill(lock, begun):
    with lock:
        begun.set()


def read(lock, begun):
    begun.wait()
    with lock:
        print("read")


if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        words = manager.Lock(), manager.Event()
        workers = [multiprocessing.Process(target=each, args=words) for each in (fill, read)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
