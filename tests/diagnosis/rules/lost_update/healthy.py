# trials: 2
from multiprocessing import Process, Value


def count(total, rounds):
    for _ in range(rounds):
        with total.get_lock():
            total.value += 1


def main():
    total = Value("i", 0)
    counters = [Process(target=count, args=(total, 500)) for _ in range(4)]
    for counter in counters:
        counter.start()
    for counter in counters:
        counter.join()
    print(total.value)


if __name__ == "__main__":
    main()
