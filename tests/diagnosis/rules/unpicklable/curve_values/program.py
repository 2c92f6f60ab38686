"""Slopes of a curve, whose formula becomes a function."""

# with: sympy

import multiprocessing

import sympy


def compute(slope, points, results):
    results.put([round(slope(each), 3) for each in points])


def main():
    x = sympy.Symbol("x")
    slope = sympy.lambdify(x, (x**3).diff(x), modules="math")
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=compute, args=(slope, [0, 1, 2], results))
    # finds: unpicklable error forkserver spawn
    process.start()
    print(results.get())
    process.join()


if __name__ == "__main__":
    main()
