"""The worker of an executor makes an executor of its own."""

from concurrent.futures import ProcessPoolExecutor


def square(number):
    return number * number


def sum_of_squares(numbers):
    with ProcessPoolExecutor(1) as executor:
        return sum(executor.map(square, numbers))


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as executor:
        print("the sum of squares is", executor.submit(sum_of_squares, [1, 2, 3]).result())
