from multiprocessing import Lock, Process, Queue


def add(lock, results):
    with lock:
        results.put(2)


def main():
    lock = Lock()
    results = Queue()
    adder = Process(target=add, args=(lock, results))
    with lock:
        adder.start()
    print(results.get())
    adder.join()


if __name__ == "__main__":
    main()
