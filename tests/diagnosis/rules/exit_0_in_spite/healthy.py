from multiprocessing import Process, Value


class Busy(Exception):
    pass


def connect(attempts):
    with attempts.get_lock():
        attempts.value += 1
        if attempts.value < 3:
            raise Busy("attempt %d" % attempts.value)


def main():
    attempts = Value("i", 0)
    while True:
        process = Process(target=connect, args=(attempts,))
        process.start()
        process.join()
        if process.exitcode == 0:
            break
    print("connected at attempt", attempts.value)


if __name__ == "__main__":
    main()
