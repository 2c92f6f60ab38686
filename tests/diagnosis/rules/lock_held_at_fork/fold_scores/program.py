# python: host-3.13
# with: joblib
import multiprocessing
from operator import mul

from joblib import Parallel, delayed


def scores(depth):
    # finds: thread_gone_at_fork hang fork
    return Parallel(n_jobs=2)(delayed(mul)(fold, depth) for fold in range(3))


def model(depth):
    print("model", depth, sum(scores(depth)), flush=True)


def main():
    print("first", sum(scores(1)), flush=True)
    child = multiprocessing.Process(target=model, args=(2,))
    child.start()
    child.join()


if __name__ == "__main__":
    main()
