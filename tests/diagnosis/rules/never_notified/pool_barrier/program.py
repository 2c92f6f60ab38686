import multiprocessing

PARTS = ["door", "roof", "wheel"]


def set_up(barrier):
    global all_cut
    all_cut = barrier


def make(part):
    # finds: barrier_short hang fork forkserver spawn
    all_cut.wait()
    return part


def main():
    barrier = multiprocessing.Barrier(len(PARTS))
    with multiprocessing.Pool(2, initializer=set_up, initargs=(barrier,)) as pool:
        print(pool.map(make, PARTS, chunksize=1))


if __name__ == "__main__":
    main()
