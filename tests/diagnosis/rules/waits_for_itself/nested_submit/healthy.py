"""Adds numbers by halves; each half is a task, and their sum is none."""

import concurrent.futures


def main():
    numbers = list(range(8))
    with concurrent.futures.ProcessPoolExecutor(2) as executor:
        halves = [executor.submit(sum, each) for each in (numbers[:4], numbers[4:])]
        print(sum(each.result() for each in halves))


if __name__ == "__main__":
    main()
