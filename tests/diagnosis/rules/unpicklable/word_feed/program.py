import multiprocessing


class Feed(multiprocessing.Process):
    def __init__(self, words, into):
        super().__init__()
        self.words = words
        self.into = into

    def run(self):
        for word in self.words:
            self.into.put(word)
        self.into.put(None)


def words(text):
    yield from text.split()


def main():
    into = multiprocessing.SimpleQueue()
    feed = Feed(words("a b c"), into)
    # finds: unpicklable error forkserver spawn
    feed.start()
    print(list(iter(into.get, None)))
    feed.join()


if __name__ == "__main__":
    main()
