import threading
from multiprocessing import Process

LOCK = threading.Lock()
JOBS = []


def work(n):
    # finds: lock_held_by_forker hang fork
    with LOCK:
        print("job", n, flush=True)


def launch(n):
    with LOCK:
        p = Process(target=work, args=(n,))
        p.start()
        JOBS.append(p)


if __name__ == "__main__":
    launch(1)
    for p in JOBS:
        p.join()
    print("ended")
