import multiprocessing


def double(number):
    return 2 * number


def main():
    with multiprocessing.Pool(2) as pool:

        def again(value):
            # finds: waits_for_itself hang fork forkserver spawn
            print(pool.apply(double, (value,)))

        pool.apply_async(double, (3,), callback=again).wait()


if __name__ == "__main__":
    main()
