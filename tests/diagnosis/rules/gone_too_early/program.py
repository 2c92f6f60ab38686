import multiprocessing as mp


def measure(lock, results):
    with lock:
        results.put("measured")


def begin(results):
    lock = mp.Lock()
    worker = mp.Process(target=measure, args=(lock, results))
    # finds: removed_before_start error forkserver spawn
    worker.start()
    return worker


def main():
    results = mp.SimpleQueue()
    worker = begin(results)
    worker.join()
    assert worker.exitcode == 0, worker.exitcode
    print(results.get())


if __name__ == "__main__":
    main()
