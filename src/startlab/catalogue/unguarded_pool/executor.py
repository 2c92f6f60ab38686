"""The same script with an executor instead of the pool, and no main guard either."""

from concurrent.futures import ProcessPoolExecutor


def square(number):
    return number * number


with ProcessPoolExecutor(1) as executor:
    print("the squares are", list(executor.map(square, [1, 2, 3])))
