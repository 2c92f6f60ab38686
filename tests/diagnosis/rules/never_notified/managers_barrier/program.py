"""Lanes that begin together, with a Barrier of a manager's, in a pool that is too small for them."""

from multiprocessing import Manager, Pool

LANES = 3


def swim(lane, ready):
    # finds: barrier_short hang fork forkserver spawn
    ready.wait()
    return lane * 10


def main():
    with Manager() as manager:
        ready = manager.Barrier(LANES)
        with Pool(2) as pool:
            print(pool.starmap(swim, [(lane, ready) for lane in range(LANES)], chunksize=1))


if __name__ == "__main__":
    main()
