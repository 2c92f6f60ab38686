"""A log file that is opened when the script begins."""
from multiprocessing import Process

# finds: main_runs_again differs forkserver spawn
log = open("run.log", "w")


def work():
    pass


if __name__ == "__main__":
    log.write("begun\n")
    log.flush()
    process = Process(target=work)
    process.start()
    process.join()
    with open("run.log") as written:
        print(len(written.readlines()), "lines in the log")
