"""Have as many workers as on the big server."""

# python: wine-3.12

from concurrent.futures import ProcessPoolExecutor


def square(number):
    return number * number


if __name__ == "__main__":
    # finds: too_many_workers error spawn
    with ProcessPoolExecutor(max_workers=96) as pool:
        print(sum(pool.map(square, range(10))))
