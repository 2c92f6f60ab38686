import os
import sys
import tempfile
import time
from multiprocessing import Lock, Process

# finds: shared_made_again error forkserver spawn
LEDGER_LOCK = Lock()


def note(path, text):
    with open(path, "a") as ledger:
        ledger.write(text + "\n")


def teller(path, barrier_dir, name):
    open(os.path.join(barrier_dir, name), "w").close()
    while len(os.listdir(barrier_dir)) < 2:
        time.sleep(0.01)
    with LEDGER_LOCK:
        note(path, "begin")
        time.sleep(2)
        note(path, "end")


def main():
    with tempfile.TemporaryDirectory() as folder:
        ready = os.path.join(folder, "ready")
        os.mkdir(ready)
        path = os.path.join(folder, "ledger")
        tellers = [Process(target=teller, args=(path, ready, n)) for n in ("a", "b")]
        for process in tellers:
            process.start()
        for process in tellers:
            process.join()
        with open(path) as ledger:
            lines = ledger.read().split()
    print(" ".join(lines))
    if lines != ["begin", "end"] * 2:
        sys.exit("entries are mixed")


if __name__ == "__main__":
    main()
