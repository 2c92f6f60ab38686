import multiprocessing
import threading

free = threading.Semaphore(2)
read = []


def parse(row):
    return int(row)


def store(value):
    read.append(value)
    free.release()


def leave_out(error):
    free.release()


if __name__ == "__main__":
    with multiprocessing.Pool(1) as pool:
        for row in ["1", "n/a", "2", "?", "3", "4"]:
            free.acquire()
            pool.apply_async(parse, (row,), callback=store, error_callback=leave_out)
        pool.close()
        pool.join()
    print(sorted(read))
