# wide
# verdict: deadlock
# who: a thread pool's worker of the program
import concurrent.futures

executor = concurrent.futures.ThreadPoolExecutor(1)


def inner():
    return 1


def outer():
    print("ready", flush=True)
    return executor.submit(inner).result()  # here


executor.submit(outer).result()
