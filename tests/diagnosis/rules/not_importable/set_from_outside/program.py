from multiprocessing import Process

import shapes


def area(side):
    print(side * side)


def main():
    area.__module__, area.__qualname__ = "shapes", "square"
    # finds: not_importable error forkserver spawn
    shapes.square = area
    child = Process(target=shapes.square, args=(3,))
    child.start()
    child.join()
    raise SystemExit(child.exitcode)


if __name__ == "__main__":
    main()
