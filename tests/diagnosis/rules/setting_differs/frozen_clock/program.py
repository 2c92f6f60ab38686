import time
from multiprocessing import Pool


def stamp(name):
    return "%s at %d" % (name, min(time.time(), 99))


def freeze(at):
    # finds: setting_differs differs forkserver spawn
    time.time = lambda: at


if __name__ == "__main__":
    freeze(7)
    with Pool(2) as pool:
        print(" ".join(pool.map(stamp, ["a", "b", "c"])))
