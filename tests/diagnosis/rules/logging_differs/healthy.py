"""Says who does what, by name: as every first program with a pool does."""
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool, Process, current_process, get_start_method


def square(n):
    name = current_process().name
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO,
        format="%(processName)-24s %(threadName)s %(message)s",
    )
    logging.info("square of %d by %s", n, name)
    sys.stdout.flush()
    return n * n


def in_thread(n):
    return "%s in a thread: %d" % (threading.current_thread().name, n)


if __name__ == "__main__":
    print("start method:", get_start_method(), flush=True)
    with Pool(3) as pool:
        print(pool.map(square, range(6), chunksize=1), flush=True)
    single = Process(target=square, args=(7,))
    single.start()
    single.join()
    with ThreadPoolExecutor(2) as executor:
        print(list(executor.map(in_thread, [1]))[0])
