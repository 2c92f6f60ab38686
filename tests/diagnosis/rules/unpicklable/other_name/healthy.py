from collections import namedtuple
from multiprocessing import Pool

Point = namedtuple("Point", "x y")


def norm(point):
    return point.x + point.y


if __name__ == "__main__":
    with Pool(1) as pool:
        print(pool.map(norm, [Point(1, 2)]))
