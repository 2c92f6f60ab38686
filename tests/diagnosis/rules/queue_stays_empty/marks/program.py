from multiprocessing import Process, Queue

READERS = 2


def read(jobs, found):
    for job in iter(jobs.get, None):
        found.put(len(job))


if __name__ == "__main__":
    jobs, found = Queue(maxsize=2), Queue()
    readers = [Process(target=read, args=(jobs, found)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    jobs.put("a job")
    for _ in range(READERS * 3):
        # finds: too_many_marks hang fork forkserver spawn
        jobs.put(None)
    print(found.get())
    for reader in readers:
        reader.join()
