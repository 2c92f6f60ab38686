"""A context has its own start method, whatever other code has chosen."""

import multiprocessing

others = multiprocessing.Queue()  # of the default start method, which is thereby fixed


def greet(results):
    results.put("hello from the child")


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=greet, args=(results,))
    process.start()
    print(results.get())
    process.join()
    print("the child ended with exit code", process.exitcode)
