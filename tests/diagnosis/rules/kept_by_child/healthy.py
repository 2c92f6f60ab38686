from multiprocessing import Manager, Process


def visit(seen, page):
    seen[page] = len(page)


def main():
    manager = Manager()
    seen = manager.dict()
    workers = [Process(target=visit, args=(seen, page)) for page in ("home", "about")]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    print("pages seen:", sorted(seen.keys()))
    if not seen:
        raise SystemExit("nothing was visited")


if __name__ == "__main__":
    main()
