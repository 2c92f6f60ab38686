"""The same with a count that is put back: nothing is lost."""
from multiprocessing import Manager, Process


def add(index, lock, text):
    for word in text.split():
        with lock:
            found = index.get(word, [])
            found.append(1)
            index[word] = found


def main():
    with Manager() as manager:
        index, lock = manager.dict(), manager.Lock()
        process = Process(target=add, args=(index, lock, "blue sky blue"))
        process.start()
        process.join()
        print(sorted((word, sum(each)) for word, each in index.items()))


if __name__ == "__main__":
    main()
