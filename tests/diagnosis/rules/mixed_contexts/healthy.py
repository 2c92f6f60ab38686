import multiprocessing
import sys


def work(lock):
    with lock:
        print("work", flush=True)


if __name__ == "__main__":
    context = multiprocessing.get_context()
    lock = context.Lock()
    worker = context.Process(target=work, args=(lock,))
    worker.start()
    worker.join()
    sys.exit(worker.exitcode)
