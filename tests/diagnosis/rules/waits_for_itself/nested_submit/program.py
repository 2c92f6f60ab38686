"""Adds numbers by halves; each half is a task of the executor that runs the whole."""

import concurrent.futures

EXECUTOR = None


def add(numbers):
    if len(numbers) < 3:
        return sum(numbers)
    middle = len(numbers) // 2
    # finds: waits_for_itself hang fork
    left = EXECUTOR.submit(add, numbers[:middle])
    return add(numbers[middle:]) + left.result()


def main():
    global EXECUTOR
    with concurrent.futures.ProcessPoolExecutor(2) as EXECUTOR:
        print(EXECUTOR.submit(add, list(range(8))).result())


if __name__ == "__main__":
    main()
