import multiprocessing
import threading

free = threading.Semaphore(2)
read = []


def parse(row):
    # finds: callback_skipped hang fork forkserver spawn
    return int(row)


def store(value):
    read.append(value)
    free.release()


if __name__ == "__main__":
    with multiprocessing.Pool(1) as pool:
        for row in ["1", "n/a", "2", "?", "3", "4"]:
            free.acquire()
            pool.apply_async(parse, (row,), callback=store)
        pool.close()
        pool.join()
    print(sorted(read))
