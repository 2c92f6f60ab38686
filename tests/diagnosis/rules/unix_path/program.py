"""Collect the parts that workers write into a folder for temporary files."""

# python: wine-3.12

from multiprocessing import Pool


def write(number):
    # finds: unix_path error spawn
    with open(f"/tmp/part-{number}.txt", "w") as part:
        part.write(str(number))
    return number


if __name__ == "__main__":
    with Pool(2) as pool:
        print(sum(pool.map(write, range(4))))
