"""Sort files by the folders that they are in."""

# python: wine-3.12

import glob
import os
from multiprocessing import Pool


def folder_and_name(path):
    # finds: path_split error spawn
    folder, name = path.split("/")
    return name, folder


if __name__ == "__main__":
    os.mkdir("in")
    for name in ("a", "b"):
        open(os.path.join("in", name), "w").close()
    with Pool(2) as pool:
        print(sorted(pool.map(folder_and_name, glob.glob("in/*"))))
