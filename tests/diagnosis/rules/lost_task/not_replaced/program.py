# python: host-3.12
from concurrent.futures import ProcessPoolExecutor


def double(number):
    return number * 2


def main():
    # finds: no_worker_left hang fork forkserver spawn
    with ProcessPoolExecutor(max_workers=1, max_tasks_per_child=3) as executor:
        futures = [executor.submit(double, each) for each in range(10)]
        print([each.result() for each in futures])


if __name__ == "__main__":
    main()
