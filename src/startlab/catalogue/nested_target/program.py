"""The target of a process is a function within a function: it uses its caller's variables."""

from __future__ import print_function

from multiprocessing import Process


def greet_in_a_process(name):
    def greet():
        print("hello", name)

    process = Process(target=greet)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)


if __name__ == "__main__":
    greet_in_a_process("world")
