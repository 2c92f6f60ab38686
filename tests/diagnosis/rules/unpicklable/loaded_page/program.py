import threading
from concurrent.futures import ProcessPoolExecutor


class Page:
    def __init__(self, number):
        self.number = number
        self.loading = threading.Lock()


def load(number):
    page = Page(number)
    # finds: unpicklable_result error fork forkserver spawn
    return page


def main():
    with ProcessPoolExecutor(2) as pool:
        print([page.number for page in pool.map(load, range(2))])


if __name__ == "__main__":
    main()
