import os
import sys
from multiprocessing import Process, Queue

# finds: file_shared error fork
CATALOGUE = open(os.path.abspath(__file__))

# item: anvil
# item: bellows
# item: tongs


def items():
    for line in CATALOGUE:
        if line.startswith("# item:"):
            yield line.split(":")[1].strip()


def search(letter, results):
    results.put((letter, [item for item in items() if letter in item]))


def main():
    results = Queue()
    found = {}
    for letter in "lno":
        worker = Process(target=search, args=(letter, results))
        worker.start()
        key, matches = results.get()
        found[key] = matches
        worker.join()
    for key in sorted(found):
        print(key, ", ".join(found[key]) or "-")
    if not all(found.values()):
        sys.exit("nothing found for some letters")


if __name__ == "__main__":
    main()
