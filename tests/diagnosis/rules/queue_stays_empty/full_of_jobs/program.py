from multiprocessing import Process, Queue


def work(jobs):
    for job in iter(jobs.get, None):
        print(job * 2)


def main():
    jobs = Queue(maxsize=2)
    worker = Process(target=work, args=(jobs,))
    for number in range(3):
        # finds: queue_stays_full hang fork forkserver spawn
        jobs.put(number)
    worker.start()
    jobs.put(None)
    worker.join()


if __name__ == "__main__":
    main()
