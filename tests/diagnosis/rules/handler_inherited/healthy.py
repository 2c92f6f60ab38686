import os
import signal
import sys
import time
from multiprocessing import Process, SimpleQueue

workers = []


def shutdown(signum, frame):
    for worker in workers:
        worker.terminate()
        worker.join()
    print("service stopped", flush=True)
    sys.exit(0)


def serve(name, ready):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ready.put(name)
    while True:  # a wait without end might begin just after the signal, and miss it
        time.sleep(0.05)


def main():
    signal.signal(signal.SIGTERM, shutdown)
    ready = SimpleQueue()
    for name in ("api", "jobs"):
        worker = Process(target=serve, args=(name, ready))
        worker.start()
        workers.append(worker)
    for name in sorted(ready.get() for _ in workers):
        print(name, "is ready", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()


if __name__ == "__main__":
    main()
