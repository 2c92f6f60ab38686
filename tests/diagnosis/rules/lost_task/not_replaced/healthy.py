# python: host-3.12
from concurrent.futures import ProcessPoolExecutor


def double(number):
    return number * 2


def main():
    with ProcessPoolExecutor(max_workers=1) as executor:
        futures = [executor.submit(double, each) for each in range(10)]
        print([each.result() for each in futures])


if __name__ == "__main__":
    main()
