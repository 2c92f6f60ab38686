import multiprocessing as mp


def resize(jobs):
    for image in iter(jobs.get, None):
        print(len(image))


def main():
    jobs = mp.SimpleQueue()
    worker = mp.Process(target=resize, args=(jobs,))
    for size in (10, 100_000, 20):
        # finds: put_before_reader hang fork forkserver spawn
        jobs.put(b"\0" * size)
    jobs.put(None)
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
