import multiprocessing


def first_of(queue):
    print(len(queue.get()))


def main():
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=first_of, args=(queue,))
    child.start()
    for size in (100_000, 200_000, 300_000):
        # finds: never_read hang fork forkserver spawn
        queue.put(b"x" * size)
    child.join()


if __name__ == "__main__":
    main()
