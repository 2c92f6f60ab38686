import multiprocessing


def work(results, stop):
    if not stop.is_set():
        results.put(1)


def start(results):
    stop = multiprocessing.Event()
    worker = multiprocessing.Process(target=work, args=(results, stop))
    # finds: gone_before_begin hang forkserver spawn
    worker.start()


def main():
    results = multiprocessing.Queue()
    start(results)
    print(results.get())


if __name__ == "__main__":
    main()
