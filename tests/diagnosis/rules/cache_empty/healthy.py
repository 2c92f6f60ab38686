import functools
from multiprocessing import Process


@functools.lru_cache(maxsize=None)
def square(n):
    return n * n


def show(n):
    print(square(n), flush=True)


def main():
    square(3)
    worker = Process(target=show, args=(3,))
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
