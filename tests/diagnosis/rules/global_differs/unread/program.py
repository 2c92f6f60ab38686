import multiprocessing

limit = None


def check(number):
    return number < limit


def main():
    global limit
    # finds: global_differs ok forkserver spawn
    limit = 10
    with multiprocessing.Pool(1) as pool:
        result = pool.map_async(check, [4, 8, 15])
        result.wait()
    print("checked")


if __name__ == "__main__":
    main()
