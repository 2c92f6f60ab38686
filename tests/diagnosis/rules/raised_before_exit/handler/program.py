import atexit
import multiprocessing


def sample(stop, begun):
    begun.set()
    stop.wait()


class Meter:
    def __init__(self):
        # finds: exit_handler_late hang fork forkserver spawn
        atexit.register(self.close)
        self.stop, begun = multiprocessing.Event(), multiprocessing.Event()
        self.worker = multiprocessing.Process(target=sample, args=(self.stop, begun))
        self.worker.start()
        begun.wait()

    def close(self):
        self.stop.set()
        self.worker.join()


if __name__ == "__main__":
    Meter()
    print("done")
