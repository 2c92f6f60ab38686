import functools
from multiprocessing import Process


class Source:
    def __init__(self, images, size):
        self.images = images
        self.read = functools.lru_cache(maxsize=size)(self._read)

    def _read(self, name):
        return self.images[name] * 2


def index(source, name):
    print(name, len(source.read(name)))


def main():
    source = Source({"a.png": b"123"}, size=8)
    indexer = Process(target=index, args=(source, "a.png"))
    # finds: unpicklable error forkserver spawn
    indexer.start()
    indexer.join()


if __name__ == "__main__":
    main()
