from multiprocessing import Process, Queue


def work(jobs):
    for job in iter(jobs.get, None):
        print(job * 2)


def main():
    jobs = Queue(maxsize=2)
    worker = Process(target=work, args=(jobs,))
    worker.start()
    for number in range(3):
        jobs.put(number)
    jobs.put(None)
    worker.join()


if __name__ == "__main__":
    main()
