from multiprocessing import Manager, Process


def note(seen, name):
    seen.append(name)
    print("noted")


def main():
    with Manager() as manager:
        seen = manager.list()
        worker = Process(target=note, args=(seen, "a"))
        worker.start()
        worker.join()
        print(len(seen))


if __name__ == "__main__":
    main()
