import multiprocessing as mp


def append(lock, lines, text):
    with lock:
        if text:
            lines.append(text)


def main():
    with mp.Manager() as manager:
        lock = manager.Lock()
        lines = manager.list()
        for text in ["one", "", "three"]:
            child = mp.Process(target=append, args=(lock, lines, text))
            child.start()
            child.join()
        print(list(lines))


if __name__ == "__main__":
    main()
