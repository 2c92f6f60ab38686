import multiprocessing

PARTS = ["door", "roof", "wheel"]


def set_up(barrier):
    global all_cut
    all_cut = barrier


def make(part):
    all_cut.wait()
    return part


def main():
    barrier = multiprocessing.Barrier(len(PARTS))
    with multiprocessing.Pool(len(PARTS), initializer=set_up, initargs=(barrier,)) as pool:
        print(pool.map(make, PARTS, chunksize=1))


if __name__ == "__main__":
    main()
