"""A worker says that it is done; the service says so when it ends."""
# python: linux-3.14

import atexit
import multiprocessing

RUNNING = ["service"]


def stopped():
    if multiprocessing.parent_process() is None:
        print("stopped:", *RUNNING)




def work(name):
    print(name, "is done")


def main():
    atexit.register(stopped)
    process = multiprocessing.Process(target=work, args=("worker",))
    process.start()
    process.join()


if __name__ == "__main__":
    main()
