from collections import namedtuple
from multiprocessing import Pool

Pt = namedtuple("Point", "x y")


def norm(point):
    return point.x + point.y


if __name__ == "__main__":
    with Pool(1) as pool:
        # finds: unpicklable error fork forkserver spawn
        print(pool.map(norm, [Pt(1, 2)]))
