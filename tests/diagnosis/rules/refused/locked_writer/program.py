from multiprocessing import Lock, Pool


def write(args):
    lock, text = args
    with lock:
        print(text, flush=True)


if __name__ == "__main__":
    lock = Lock()
    with Pool(2) as pool:
        # finds: shared_as_argument error fork forkserver spawn
        pool.map(write, [(lock, "a"), (lock, "b")])
