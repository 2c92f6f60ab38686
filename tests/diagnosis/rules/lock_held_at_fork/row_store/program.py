"""A module-level thread pool that forked children inherit without its threads."""
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool

IO = ThreadPoolExecutor(max_workers=1)
IO.submit(len, "warm").result()


def store(row):
    # finds: thread_gone_at_fork hang fork
    return IO.submit(lambda: row * 2).result()


if __name__ == "__main__":
    with Pool(2) as pool:
        print(sorted(pool.map(store, range(4))))
