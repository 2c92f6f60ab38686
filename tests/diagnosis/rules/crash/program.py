import os
from multiprocessing import Process


def check():
    # finds: crash crash fork forkserver spawn
    os.abort()


def main():
    checker = Process(target=check)
    checker.start()
    checker.join()
    print("the check ended with", checker.exitcode)


if __name__ == "__main__":
    main()
