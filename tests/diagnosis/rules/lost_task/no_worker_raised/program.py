# python: linux-3.14
from concurrent.futures import ProcessPoolExecutor


def scan(number):
    return number * number


def start_scan(numbers):
    # finds: no_worker_left error fork forkserver spawn
    executor = ProcessPoolExecutor(max_workers=1, max_tasks_per_child=1)
    return [executor.submit(scan, number) for number in numbers]


if __name__ == "__main__":
    print([future.result() for future in start_scan(range(3))])
