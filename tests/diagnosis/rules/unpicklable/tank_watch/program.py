from multiprocessing import Event, Process


class Monitor:
    def __init__(self):
        self.stop = Event()
        self.workers = []

    def watch(self, tank):
        self.stop.wait()

    def start(self, tanks):
        for tank in tanks:
            worker = Process(target=self.watch, args=(tank,))
            self.workers.append(worker)
            # finds: unpicklable error forkserver spawn
            worker.start()

    def close(self):
        self.stop.set()
        for worker in self.workers:
            worker.join()


def main():
    monitor = Monitor()
    try:
        monitor.start(["oil", "water"])
    finally:
        monitor.close()


if __name__ == "__main__":
    main()
