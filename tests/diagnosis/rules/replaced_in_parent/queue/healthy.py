import multiprocessing


def work(tasks, results):
    for task in iter(tasks.get, None):
        results.put(task * 2)


class Pool:
    def __init__(self):
        self.tasks = multiprocessing.Queue()
        self.results = multiprocessing.Queue()

    def start(self):
        self.worker = multiprocessing.Process(target=work, args=(self.tasks, self.results))
        self.worker.start()

    def double(self, number):
        self.tasks.put(number)
        return self.results.get()

    def forget(self):
        self.tasks = multiprocessing.Queue()

    def close(self):
        self.tasks.put(None)
        self.worker.join()


def main():
    pool = Pool()
    pool.start()
    print(pool.double(3))
    pool.close()


if __name__ == "__main__":
    main()
