import json
import os
import tempfile
from multiprocessing import Pool

# finds: main_runs_again hang forkserver spawn
with open("rates.json") as file:
    RATES = json.load(file)


def price(name):
    return RATES[name] * 2


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with Pool(2) as pool:
            result = pool.map_async(price, ["a", "b"])
            print(result.get())
        os.chdir("/")


if __name__ == "__main__":
    main()
