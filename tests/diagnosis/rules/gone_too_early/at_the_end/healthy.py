from multiprocessing import Process, Value


def count(number):
    with number.get_lock():
        number.value += 1
    print("counted")


def main():
    number = Value("i", 0)
    workers = [Process(target=count, args=(number,)) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()


if __name__ == "__main__":
    main()
