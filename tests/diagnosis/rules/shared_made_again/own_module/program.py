from multiprocessing import Pool

import progress

if __name__ == "__main__":
    with Pool(2) as pool:
        pool.map(progress.step, range(4))
    assert progress.DONE.value == 4, "%d of 4 steps done" % progress.DONE.value
    print("all done")
