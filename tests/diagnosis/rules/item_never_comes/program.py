from multiprocessing import Process, Queue

PARTS = {"bolt": 12, "nut": 0, "washer": 7}


def check(names, found):
    for name in names:
        if PARTS[name]:
            found.put((name, PARTS[name]))


def main():
    found = Queue()
    checker = Process(target=check, args=(list(PARTS), found))
    checker.start()
    for _ in PARTS:
        # finds: item_never_comes hang fork forkserver spawn
        name, count = found.get()
        print(name, count)
    checker.join()


if __name__ == "__main__":
    main()
