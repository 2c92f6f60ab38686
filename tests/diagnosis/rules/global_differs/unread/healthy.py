import multiprocessing

limit = None


def set_limit(value):
    global limit
    limit = value


def check(number):
    return number < limit


def main():
    set_limit(10)
    with multiprocessing.Pool(1, set_limit, (limit,)) as pool:
        result = pool.map_async(check, [4, 8, 15])
        result.wait()
    print("checked")


if __name__ == "__main__":
    main()
