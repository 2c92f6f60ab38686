"""A script opens its log when it begins, and starts a process under the main guard."""

from __future__ import print_function

from multiprocessing import Process

log = open("run.log", "w")


def work():
    pass


if __name__ == "__main__":
    log.write("the run begins\n")
    log.flush()
    process = Process(target=work)
    process.start()
    process.join()
    with open("run.log") as written:
        print("the log holds", len(written.readlines()), "line")
    print("the child ended with exit code", process.exitcode)
