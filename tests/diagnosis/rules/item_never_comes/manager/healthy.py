import multiprocessing as mp


def check(queue, number):
    if number % 2:
        queue.put(number)


def main():
    with mp.Manager() as manager:
        queue = manager.Queue()
        children = [mp.Process(target=check, args=(queue, number)) for number in range(4)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        print(sorted(queue.get() for _ in range(2)))


if __name__ == "__main__":
    main()
