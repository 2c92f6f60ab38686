# Processes are started one after the other, by every start method's default.
import multiprocessing
import time


def work():
    pass


if __name__ == "__main__":
    until = time.time() + 1.5
    while time.time() < until:
        process = multiprocessing.Process(target=work)
        process.start()
        process.join()
