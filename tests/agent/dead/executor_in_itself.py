# needs: 3
# The only worker of an executor waits for a task of its own.
import concurrent.futures
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


executor = concurrent.futures.ThreadPoolExecutor(1)


def work():
    last_words()
    return executor.submit(int).result()


executor.submit(work).result()
