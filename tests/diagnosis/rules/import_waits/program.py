import multiprocessing


def total(prices):
    import settings

    return sum(prices) * settings.RATE


def main():
    with multiprocessing.Pool(1) as pool:
        print(pool.map(total, [[1, 2], [3]]))


if __name__ == "__main__":
    main()
