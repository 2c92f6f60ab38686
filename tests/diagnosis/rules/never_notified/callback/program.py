"""Stop the workers when the last task is done."""

import threading
from concurrent.futures import ProcessPoolExecutor


def square(number):
    return number * number


def main():
    over = threading.Event()
    executor = ProcessPoolExecutor(1)

    def stop(future):
        # finds: never_set hang fork forkserver spawn
        executor.shutdown(wait=True)
        over.set()

    executor.submit(square, 3).add_done_callback(stop)
    over.wait()
    print("over")


if __name__ == "__main__":
    main()
