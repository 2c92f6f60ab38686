from multiprocessing import Lock, Process


def count(lock, words):
    with lock:
        if not words:
            return
        print(len(words))


def main():
    lock = Lock()
    first = Process(target=count, args=(lock, []))
    first.start()
    first.join()
    lock.acquire()
    print("done")
    lock.release()


if __name__ == "__main__":
    main()
