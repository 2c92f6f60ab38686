# verdict: part, stuck
# needs: joblib
# who: joblib worker
import threading

import joblib


def work():
    lock = threading.Lock()
    lock.acquire()
    print("ready", flush=True)
    lock.acquire()  # here


if __name__ == "__main__":
    joblib.Parallel(n_jobs=2)(joblib.delayed(work)() for _ in range(2))
