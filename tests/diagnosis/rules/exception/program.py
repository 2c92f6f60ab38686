"""Parse rows in a pool; one is bad."""
from multiprocessing import Pool


def parse(row):
    # finds: exception error fork forkserver spawn
    return int(row)


def total(pool, rows):
    return sum(pool.map(parse, rows))


if __name__ == "__main__":
    with Pool(2) as pool:
        print(total(pool, ["1", "two"]))
