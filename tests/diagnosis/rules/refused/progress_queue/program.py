import multiprocessing


class Counter:
    def __init__(self, genes):
        self.genes = genes
        self.progress = multiprocessing.Queue()

    def run(self):
        with multiprocessing.Pool(2) as pool:
            for name in self.genes:
                pool.apply_async(count, (name, self.genes[name], self.progress))
            for _ in self.genes:
                # finds: shared_as_argument hang fork forkserver spawn
                print(*self.progress.get())


def count(name, sequence, progress):
    progress.put((name, sequence.count("GC")))


if __name__ == "__main__":
    Counter({"abc1": "GGCATTGC", "xyz2": "TTACGCGC"}).run()
