import functools
import os
import sys
import tempfile
from multiprocessing import Process


# finds: cache_empty error forkserver spawn
@functools.lru_cache(maxsize=None)
def words(path):
    with open(path) as file:
        return file.read().split()


def count(path):
    print(len(words(path)), "words", flush=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text")
        with open(path, "w") as file:
            file.write("one two three")
        print("first:", words(path)[0], flush=True)
    counter = Process(target=count, args=(path,))
    counter.start()
    counter.join()
    return counter.exitcode


if __name__ == "__main__":
    sys.exit(main())
