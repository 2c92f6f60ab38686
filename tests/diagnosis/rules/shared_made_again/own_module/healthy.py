from multiprocessing import Pool, Value

import progress


def begin(done):
    progress.DONE = done


if __name__ == "__main__":
    done = Value("i", 0)
    with Pool(2, initializer=begin, initargs=(done,)) as pool:
        pool.map(progress.step, range(4))
    assert done.value == 4, "%d of 4 steps done" % done.value
    print("all done")
