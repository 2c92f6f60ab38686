import time
from multiprocessing import Pool

# finds: made_in_each_child differs forkserver spawn
STARTED = time.time_ns()


def is_started(at):
    return at == STARTED


if __name__ == "__main__":
    with Pool(1) as pool:
        print(pool.map(is_started, [STARTED]))
