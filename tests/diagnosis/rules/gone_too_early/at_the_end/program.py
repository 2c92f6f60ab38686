from multiprocessing import Process, Value


def count(number):
    with number.get_lock():
        number.value += 1
    print("counted")


def main():
    number = Value("i", 0)
    for _ in range(3):
        # finds: removed_before_start differs forkserver spawn
        Process(target=count, args=(number,)).start()


if __name__ == "__main__":
    main()
