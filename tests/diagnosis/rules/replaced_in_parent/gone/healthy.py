import multiprocessing


def work(results, stop):
    if not stop.is_set():
        results.put(1)


def start(results):
    stop = multiprocessing.Event()
    worker = multiprocessing.Process(target=work, args=(results, stop))
    worker.start()
    return stop


def main():
    results = multiprocessing.Queue()
    stop = start(results)
    print(results.get(), stop.is_set())


if __name__ == "__main__":
    main()
