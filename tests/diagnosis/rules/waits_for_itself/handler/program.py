import multiprocessing
import os
import signal
import time

stop = multiprocessing.Event()


def on_term(signum, frame):
    # finds: waits_for_itself hang fork forkserver spawn
    stop.set()


def supervise(server):
    while state(server) != "S":  # it waits
        time.sleep(0.01)
    os.kill(server, signal.SIGTERM)


def state(pid):
    with open(f"/proc/{pid}/stat") as status:
        return status.read().rpartition(")")[2].split()[0]


def main():
    signal.signal(signal.SIGTERM, on_term)
    supervisor = multiprocessing.Process(target=supervise, args=(os.getpid(),))
    supervisor.start()
    stop.wait()
    supervisor.join()
    print("stopped")


if __name__ == "__main__":
    main()
