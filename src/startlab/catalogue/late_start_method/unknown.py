"""A program chooses a start method that does not exist: the name is misspelt."""

import multiprocessing


def greet(results):
    results.put("hello from the child")


if __name__ == "__main__":
    multiprocessing.set_start_method("spwan")
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=greet, args=(results,))
    process.start()
    print(results.get())
    process.join()
    print("the child ended with exit code", process.exitcode)
