"""Sizes of pictures, worked out in a pool; each picture is told by its label."""

# with: pillow

import multiprocessing

from PIL import Image


def describe(picture):
    # finds: not_pickled_by_library error fork forkserver spawn
    return f"{picture.label}: {picture.width * picture.height}"


def pictures():
    for label, size in (("small", (2, 3)), ("wide", (9, 2))):
        picture = Image.new("L", size)
        picture.label = label
        yield picture


def main():
    with multiprocessing.Pool(2) as pool:
        print(*pool.map(describe, list(pictures())), sep="\n")


if __name__ == "__main__":
    main()
