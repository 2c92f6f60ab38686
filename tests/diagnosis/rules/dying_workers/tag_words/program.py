"""Tag words in a pool whose workers read the language of the command line."""
from multiprocessing import Pool

options = None
words = {}


def load():
    words.update({"en": {"cat": "noun"}}[options["language"]])


def tag(word):
    return words.get(word, "?")


def main():
    global options
    # finds: global_differs hang forkserver spawn
    options = {"language": "en"}
    with Pool(2, initializer=load) as pool:
        print(pool.map(tag, ["cat"]))


if __name__ == "__main__":
    main()
