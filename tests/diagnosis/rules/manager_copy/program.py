"""Collects words in lists of a Manager's dictionary, and prints how many there are."""
from multiprocessing import Manager, Process


def add(bags, text):
    for word in text.split():
        # finds: manager_copy note fork forkserver spawn
        bags[word[0]].append(word)


if __name__ == "__main__":
    with Manager() as manager:
        found = manager.dict({"b": [], "s": []})
        process = Process(target=add, args=(found, "blue sky"))
        process.start()
        process.join()
        print(sum(len(bag) for bag in found.values()), "words")
