import multiprocessing
import os
import signal
import time

stopping = False


def on_term(signum, frame):
    global stopping
    stopping = True


def supervise(server):
    os.kill(server, signal.SIGTERM)


def main():
    signal.signal(signal.SIGTERM, on_term)
    supervisor = multiprocessing.Process(target=supervise, args=(os.getpid(),))
    supervisor.start()
    while not stopping:
        time.sleep(0.01)
    supervisor.join()
    print("stopped")


if __name__ == "__main__":
    main()
