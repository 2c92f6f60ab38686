import os
from multiprocessing import Process


def check():
    os.getpid()


def main():
    checker = Process(target=check)
    checker.start()
    checker.join()
    print("the check ended with", checker.exitcode)


if __name__ == "__main__":
    main()
