import multiprocessing as mp
import os
import signal
import time

ended = []


def reap(number, frame):
    try:
        # finds: child_reaped hang fork spawn
        pid, status = os.waitpid(-1, os.WNOHANG)
    except OSError:
        return
    if pid:
        ended.append(pid)


def render(page):
    print("rendered", page)


def main():
    signal.signal(signal.SIGCHLD, reap)
    worker = mp.Process(target=render, args=("front",))
    worker.start()
    time.sleep(0.5)
    while worker.is_alive():
        time.sleep(0.2)
    print("exit code", worker.exitcode)


if __name__ == "__main__":
    main()
