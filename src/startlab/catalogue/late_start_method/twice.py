"""A program chooses its start method, and so does a function that it calls, like a library's."""

import multiprocessing


def greet(results):
    results.put("hello from the child")


def greet_in_a_process():
    multiprocessing.set_start_method("spawn")
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=greet, args=(results,))
    process.start()
    print(results.get())
    process.join()
    print("the child ended with exit code", process.exitcode)


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    greet_in_a_process()
