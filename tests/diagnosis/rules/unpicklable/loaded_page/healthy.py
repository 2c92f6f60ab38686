import threading
from concurrent.futures import ProcessPoolExecutor


class Page:
    def __init__(self, number):
        self.number = number
        self.loading = threading.Lock()


def load(number):
    page = Page(number)
    return page.number


def main():
    with ProcessPoolExecutor(2) as pool:
        print(list(pool.map(load, range(2))))


if __name__ == "__main__":
    main()
