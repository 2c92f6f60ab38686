from multiprocessing import Pool


def inner(n):
    return n + 1


def outer(n):
    # finds: daemonic_children error fork forkserver spawn
    with Pool(1) as pool:
        return pool.map(inner, [n])


if __name__ == "__main__":
    with Pool(2) as pool:
        print(pool.map(outer, [1, 2]))
