"""Share a big table with the workers by forking them."""

# python: wine-3.12

import multiprocessing

TABLE = list(range(1000))


def total(start):
    return sum(TABLE[start:])


if __name__ == "__main__":
    # finds: no_such_method error spawn
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        print(sum(pool.map(total, range(4))))
