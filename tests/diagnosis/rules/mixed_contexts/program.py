import multiprocessing
import sys


def work(lock):
    with lock:
        print("work", flush=True)


if __name__ == "__main__":
    # finds: mixed_contexts error fork
    lock = multiprocessing.Lock()
    worker = multiprocessing.get_context("spawn").Process(target=work, args=(lock,))
    worker.start()
    worker.join()
    sys.exit(worker.exitcode)
