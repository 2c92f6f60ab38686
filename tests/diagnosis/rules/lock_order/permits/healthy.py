import multiprocessing as mp

READERS = 3


class ReadWriteLock:
    def __init__(self):
        self.slots = mp.Semaphore(READERS)

    def read(self):
        self.slots.acquire()

    def end_read(self):
        self.slots.release()

    def write(self):
        for _ in range(READERS):
            self.slots.acquire()

    def end_write(self):
        for _ in range(READERS):
            self.slots.release()


def update(lock, values, key):
    lock.read()
    missing = key not in values
    if missing:
        lock.end_read()
        lock.write()
        values[key] = 0
        lock.end_write()
        lock.read()
    lock.end_read()


def main():
    lock = ReadWriteLock()
    with mp.Manager() as manager:
        values = manager.dict(a=1)
        child = mp.Process(target=update, args=(lock, values, "b"))
        child.start()
        child.join()
        print(values.copy())


if __name__ == "__main__":
    main()
