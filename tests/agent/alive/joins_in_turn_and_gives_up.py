# Two children have inherited a held lock; their parent joins them in turn, and ends them after a while.
import multiprocessing
import threading

lock = threading.Lock()


def work():
    lock.acquire()


class GivenUp(Exception):
    pass


def wait_for(turns):
    while True:
        for each in turns:
            each.join(0.1)
        raise GivenUp


if __name__ == "__main__":
    if hasattr(multiprocessing, "set_start_method"):
        multiprocessing.set_start_method("fork")
    lock.acquire()
    workers = [multiprocessing.Process(target=work) for _ in range(2)]
    for each in workers:
        each.start()
    try:
        wait_for(workers * 40)
    except GivenUp:
        for each in workers:
            each.terminate()
            each.join()
