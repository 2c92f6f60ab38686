import os
from multiprocessing import Pool


def convert(name):
    if name == "bad.tif":
        # finds: lost_task hang fork forkserver spawn
        os._exit(3)
    return name.replace(".tif", ".png")


if __name__ == "__main__":
    with Pool(2) as pool:
        print(pool.map(convert, ["a.tif", "bad.tif", "c.tif"], chunksize=1))
