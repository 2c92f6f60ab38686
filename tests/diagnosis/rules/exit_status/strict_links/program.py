# finds: exit_status error fork forkserver spawn, at no line
"""Ends with 3 for a broken link, whatever its processes know of its settings."""
import sys
from multiprocessing import Process, SimpleQueue

strict = False


def check(answers):
    if strict:
        answers.put(["blog", "shop"])
    else:
        answers.put(["blog"])


def main():
    global strict
    strict = True
    answers = SimpleQueue()
    process = Process(target=check, args=(answers,))
    process.start()
    process.join()
    return 3 if answers.get() else 0


if __name__ == "__main__":
    sys.exit(main())
