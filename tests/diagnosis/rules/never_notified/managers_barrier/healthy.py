"""Lanes that begin together, with a Barrier of a manager's, in a pool that has room for all."""

from multiprocessing import Manager, Pool

LANES = 3


def swim(lane, ready):
    ready.wait()
    return lane * 10


def main():
    with Manager() as manager:
        ready = manager.Barrier(LANES)
        with Pool(LANES) as pool:
            print(pool.starmap(swim, [(lane, ready) for lane in range(LANES)], chunksize=1))


if __name__ == "__main__":
    main()
