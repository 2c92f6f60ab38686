"""Draws a chart for each station; the width of each picture is told."""

# with: matplotlib

import io
import multiprocessing

import matplotlib
from matplotlib import image, pyplot


def chart(heights):
    figure, axes = pyplot.subplots()
    axes.bar(range(len(heights)), heights)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    picture.seek(0)
    return image.imread(picture).shape[1]


def main():
    # finds: library_state_differs differs forkserver spawn
    matplotlib.rcParams["savefig.dpi"] = 30
    with multiprocessing.Pool(2) as pool:
        print(pool.map(chart, [[1, 2], [3, 4, 5]]))


if __name__ == "__main__":
    main()
