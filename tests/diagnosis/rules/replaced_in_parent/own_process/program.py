import multiprocessing


class Sampler(multiprocessing.Process):
    def __init__(self, stop, samples):
        super().__init__()
        self.stop = stop
        self.samples = samples

    def run(self):
        self.samples.put(1)
        self.stop.wait()


class Device:
    def __init__(self):
        self.samples = multiprocessing.Queue()
        self.closing = multiprocessing.Event()
        self.sampler = Sampler(self.closing, self.samples)
        self.sampler.start()

    def restart(self):
        # finds: replaced_in_parent hang fork forkserver spawn
        self.closing = multiprocessing.Event()

    def close(self):
        self.closing.set()
        self.sampler.join()


if __name__ == "__main__":
    device = Device()
    print(device.samples.get())
    device.restart()
    device.close()
