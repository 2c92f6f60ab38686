from multiprocessing import Process


def visit(seen, page):
    # finds: kept_by_child error fork forkserver spawn
    seen[page] = len(page)


def main():
    seen = {}
    workers = [Process(target=visit, args=(seen, page)) for page in ("home", "about")]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    print("pages seen:", sorted(seen))
    if not seen:
        raise SystemExit("nothing was visited")


if __name__ == "__main__":
    main()
