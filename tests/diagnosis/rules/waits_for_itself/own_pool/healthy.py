from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(max_workers=1)


def count(folder):
    return len(folder)


def total(folders):
    return sum(count(folder) for folder in folders)


def main():
    print(pool.submit(total, ["a", "bc"]).result())


if __name__ == "__main__":
    main()
