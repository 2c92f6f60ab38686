from multiprocessing import Process, Queue

STOP = object()


def work(jobs, results):
    while True:
        job = jobs.get()
        # finds: end_mark_copied hang fork forkserver spawn
        if job is STOP:
            break
        results.put(len(str(job)))


def main():
    jobs, results = Queue(), Queue()
    worker = Process(target=work, args=(jobs, results))
    worker.start()
    for job in ["alpha", "beta"]:
        jobs.put(job)
    jobs.put(STOP)
    print(results.get() + results.get())
    worker.join()


if __name__ == "__main__":
    main()
