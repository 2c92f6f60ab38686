import multiprocessing as mp


def append(lock, lines, text):
    lock.acquire()
    if not text:
        # finds: holder_failed hang fork forkserver spawn
        raise ValueError("empty line")
    lines.append(text)
    lock.release()


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
