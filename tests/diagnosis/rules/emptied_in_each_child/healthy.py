"""A log file that is opened when the script begins."""
from multiprocessing import Process
def work():
    pass


if __name__ == "__main__":
    with open("run.log", "w") as log:
        log.write("begun\n")
    process = Process(target=work)
    process.start()
    process.join()
    with open("run.log") as written:
        print(len(written.readlines()), "lines in the log")
