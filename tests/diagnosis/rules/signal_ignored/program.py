import os
import signal
import time
from multiprocessing import Process, Event


def work(ready):
    ready.set()
    try:
        while True:
            time.sleep(0.05)
    except KeyboardInterrupt:
        print("worker stops", flush=True)


def main():
    # finds: signal_ignored error fork forkserver spawn
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ready = Event()
    p = Process(target=work, args=(ready,))
    p.start()
    ready.wait()
    os.kill(p.pid, signal.SIGINT)
    p.join(1)
    if p.is_alive():
        print("worker does not stop")
        p.kill()
        p.join()
        raise SystemExit(1)


if __name__ == "__main__":
    main()
