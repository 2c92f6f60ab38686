# python: host-3.12
from multiprocessing import Pool


def numbers():
    yield from range(12)


def square(number):
    return number * number


def main():
    with Pool(1, maxtasksperchild=2) as pool:
        print(sum(pool.imap(square, numbers())))


if __name__ == "__main__":
    main()
