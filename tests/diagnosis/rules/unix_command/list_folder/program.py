"""Ask a Unix command how much there is."""

# python: wine-3.12

import subprocess
from multiprocessing import Pool


def size(folder):
    # finds: command_missing error spawn
    return subprocess.run(["du", "-s", folder], stdout=subprocess.PIPE).returncode


if __name__ == "__main__":
    with Pool(1) as pool:
        print(pool.map(size, ["."]))
