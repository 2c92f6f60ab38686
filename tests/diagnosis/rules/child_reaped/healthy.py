import multiprocessing as mp
import signal
import time

tools = []
ended = []


def reap(number, frame):
    ended.extend(tool.pid for tool in tools if tool.poll() is not None)


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
