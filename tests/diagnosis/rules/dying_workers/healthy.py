from multiprocessing import Pool


def numbers():
    for n in range(10, 34):
        yield n


def collatz(n):
    start, steps = n, 0
    while n != 1:
        n = 3 * n + 1 if n % 2 else n // 2
        steps += 1
    return start, steps


def main():
    with Pool(3, maxtasksperchild=2) as pool:
        found = dict(pool.imap_unordered(collatz, numbers()))
        pool.close()
        pool.join()
    best = max(found, key=lambda n: (found[n], n))
    print(len(found), "numbers, the longest way from", best, "with", found[best], "steps")


if __name__ == "__main__":
    main()
