# wide
# verdict: deadlock
# who: child
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

THREADS = ThreadPoolExecutor(1)


def child():
    future = THREADS.submit(len, "")
    print("ready", flush=True)
    future.result()  # here


if __name__ == "__main__":
    THREADS.submit(len, "").result()
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
