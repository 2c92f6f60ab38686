import threading

slots = threading.BoundedSemaphore(2)
both = threading.Barrier(2)
pages = {"front": ["logo", "map"], "back": ["logo"]}
loaded = []


def load(name):
    loaded.append(name)


def visit(page):
    with slots:
        both.wait()
        for picture in pages[page]:
            load(picture)


def main():
    visitors = [threading.Thread(target=visit, args=(page,)) for page in pages]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    print(sorted(loaded))


if __name__ == "__main__":
    main()
