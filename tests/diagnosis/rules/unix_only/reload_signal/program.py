"""Tell a worker to read its settings again, by a signal."""

# python: wine-3.12

import signal
from multiprocessing import Event, Process


def work(ready, done):
    # finds: unix_only error spawn
    signal.signal(signal.SIGUSR1, lambda *_: print("settings read"))
    ready.set()
    done.wait()


if __name__ == "__main__":
    ready, done = Event(), Event()
    worker = Process(target=work, args=(ready, done), daemon=True)
    worker.start()
    worker.join(0.1)
    done.set()
    worker.join()
    raise SystemExit(worker.exitcode)
