# python: linux-3.14
from concurrent.futures import ProcessPoolExecutor


def scan(number):
    return number * number


def scan_all(numbers):
    with ProcessPoolExecutor(max_workers=1, max_tasks_per_child=1) as executor:
        return [executor.submit(scan, number) for number in numbers]


if __name__ == "__main__":
    print([future.result() for future in scan_all(range(3))])
