import multiprocessing


def write(lock, line):
    # finds: lock_taken_twice hang fork forkserver spawn
    with lock:
        print(line)


def work(lock, number):
    with lock:
        write(lock, f"worker {number}")


def main():
    with multiprocessing.Manager() as manager:
        lock = manager.Lock()
        child = multiprocessing.Process(target=work, args=(lock, 1))
        child.start()
        child.join()


if __name__ == "__main__":
    main()
