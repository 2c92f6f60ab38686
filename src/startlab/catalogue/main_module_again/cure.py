"""What should run once is under the main guard; importing the script does nothing."""

from __future__ import print_function

from multiprocessing import Process


def work():
    pass


if __name__ == "__main__":
    print("the settings are read")
    processes = [Process(target=work) for _ in range(2)]
    for process in processes:
        process.start()
        process.join()
    print("the children ended with exit codes", processes[0].exitcode, processes[1].exitcode)
