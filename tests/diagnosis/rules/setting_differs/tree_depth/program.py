import sys
from concurrent.futures import ProcessPoolExecutor


def depth(tree):
    return 0 if tree is None else 1 + depth(tree[0])


def grown(height):
    tree = None
    for _ in range(height):
        tree = (tree,)
    return depth(tree)


def main():
    # finds: setting_differs error forkserver spawn
    sys.setrecursionlimit(5000)
    with ProcessPoolExecutor(2) as executor:
        print(list(executor.map(grown, [10, 2000])))


if __name__ == "__main__":
    main()
