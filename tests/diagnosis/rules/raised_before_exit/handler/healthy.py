import atexit
import multiprocessing


def sample(stop, begun):
    begun.set()
    stop.wait()


class Meter:
    def __init__(self):
        self.stop, begun = multiprocessing.Event(), multiprocessing.Event()
        self.worker = multiprocessing.Process(target=sample, args=(self.stop, begun))
        self.worker.start()
        begun.wait()
        atexit.register(self.close)

    def close(self):
        self.stop.set()
        self.worker.join()


if __name__ == "__main__":
    Meter()
    print("done")
