"""Which words are in which text: an index in a dictionary of a Manager."""
from multiprocessing import Manager, Process


def add(index, lock, name, text):
    for word in text.split():
        with lock:
            found = index.setdefault(word, [])
            # finds: manager_copy error fork forkserver spawn
            found.append(name)


def main():
    with Manager() as manager:
        index, lock = manager.dict(), manager.Lock()
        process = Process(target=add, args=(index, lock, "a.txt", "blue sky"))
        process.start()
        process.join()
        for word, names in sorted(index.items()):
            print(word, names[0])


if __name__ == "__main__":
    main()
