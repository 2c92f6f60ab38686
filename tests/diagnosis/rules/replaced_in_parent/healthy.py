import multiprocessing


def sample(stop, samples):
    samples.put(1)
    stop.wait()


class Sampler:
    def __init__(self):
        self.samples = multiprocessing.Queue()
        self.reset()

    def reset(self):
        self.stop = multiprocessing.Event()
        self.read = 0

    def start(self):
        self.worker = multiprocessing.Process(target=sample, args=(self.stop, self.samples))
        self.worker.start()

    def close(self):
        self.stop.set()
        self.worker.join()


def main():
    sampler = Sampler()
    sampler.start()
    print(sampler.samples.get())
    sampler.close()
    sampler.reset()
    print("closed")


if __name__ == "__main__":
    main()
