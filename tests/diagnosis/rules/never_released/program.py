from multiprocessing import Lock, Process


def count(lock, words):
    lock.acquire()
    if not words:
        return
    print(len(words))
    lock.release()


def main():
    lock = Lock()
    first = Process(target=count, args=(lock, []))
    first.start()
    first.join()
    # finds: never_released hang fork forkserver spawn
    lock.acquire()
    print("done")
    lock.release()


if __name__ == "__main__":
    main()
