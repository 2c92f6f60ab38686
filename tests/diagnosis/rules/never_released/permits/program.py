import multiprocessing as mp


def download(slots, name, size):
    # finds: never_released hang fork forkserver spawn
    slots.acquire()
    if size == 0:
        print("nothing to do for", name, flush=True)
        return
    data = b"x" * size
    print(name, len(data), flush=True)
    slots.release()


def main():
    slots = mp.BoundedSemaphore(2)
    files = [("a.bin", 0), ("b.bin", 0), ("c.bin", 300)]
    for name, size in files:
        child = mp.Process(target=download, args=(slots, name, size), name="download " + name)
        child.start()
        child.join()


if __name__ == "__main__":
    main()
