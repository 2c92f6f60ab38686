import functools
import re
from multiprocessing import Pool


class Finder:
    def __init__(self, pattern):
        self.pattern = re.compile(pattern)
        self.report = lambda found: print(len(found))

    def find(self, most, text):
        return self.pattern.findall(text)[:most]


def main():
    finder = Finder("[0-9]")
    with Pool(1) as pool:
        # finds: unpicklable error fork forkserver spawn
        print(list(pool.imap(functools.partial(finder.find, 1), ["1 2", "3"])))


if __name__ == "__main__":
    main()
