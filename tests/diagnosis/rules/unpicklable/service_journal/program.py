import os
from multiprocessing import Process


class Journal:
    def __init__(self, path):
        self.path = path
        self.out = open(path, "a")


class Service:
    def __init__(self):
        self.journal = Journal(os.devnull)
        self.opts = {"retries": 3}

    def run(self, n):
        print("served", n, flush=True)


class Worker(Process):
    def __init__(self, service):
        super().__init__()
        self.service = service

    def run(self):
        self.service.run(1)


if __name__ == "__main__":
    w = Worker(Service())
    # finds: unpicklable error forkserver spawn
    w.start()
    w.join()
    print("done")
