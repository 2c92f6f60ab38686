import multiprocessing

progress = None


def keep(queue):
    global progress
    progress = queue


def count(name, sequence):
    progress.put((name, sequence.count("GC")))


if __name__ == "__main__":
    genes = {"abc1": "GGCATTGC", "xyz2": "TTACGCGC"}
    queue = multiprocessing.Queue()
    with multiprocessing.Pool(2, keep, (queue,)) as pool:
        for name in genes:
            pool.apply_async(count, (name, genes[name]))
        print(sorted(queue.get() for _ in genes))
