import time
from concurrent.futures import ProcessPoolExecutor

time.sleep(2)  # as the import of a big library takes


def square(number):
    return number * number


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        # finds: wait_too_short error forkserver spawn
        print(pool.submit(square, 3).result(timeout=1))
