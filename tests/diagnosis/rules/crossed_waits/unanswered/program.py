import multiprocessing

RECORDS = ["4", "8", "x", "15"]


def parse(tasks, results):
    while True:
        record = tasks.get()
        if record is None:
            break
        try:
            results.put(int(record) * 2)
        except ValueError:
            continue


def main():
    tasks = multiprocessing.Queue()
    results = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=parse, args=(tasks, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for record in RECORDS:
        tasks.put(record)
    total = 0
    for _ in RECORDS:
        # finds: unanswered_task hang fork forkserver spawn
        total += results.get()
    for _ in workers:
        tasks.put(None)
    for worker in workers:
        worker.join()
    print("total", total)


if __name__ == "__main__":
    main()
