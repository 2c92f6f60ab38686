# with: joblib
import multiprocessing

from joblib import Parallel, delayed


def score(fold, depth):
    return fold * depth


def scores(depth):
    # finds: main_of_workers error forkserver spawn
    return Parallel(n_jobs=2)(delayed(score)(fold, depth) for fold in range(3))


def model(depth):
    print("model", depth, sum(scores(depth)), flush=True)


def main():
    child = multiprocessing.Process(target=model, args=(2,))
    child.start()
    child.join()
    raise SystemExit(child.exitcode)


if __name__ == "__main__":
    main()
