"""A program chooses its start method after it has made a queue."""

import multiprocessing

results = multiprocessing.Queue()


def greet(results):
    results.put("hello from the child")


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    process = multiprocessing.Process(target=greet, args=(results,))
    process.start()
    print(results.get())
    process.join()
    print("the child ended with exit code", process.exitcode)
