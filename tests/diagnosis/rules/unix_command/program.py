"""Call a helper that is a script, from workers."""

# python: wine-3.12

import subprocess
from multiprocessing import Pool


def call(number):
    # finds: script_started error spawn
    return subprocess.run(["./helper.py", str(number)], stdout=subprocess.PIPE).returncode


if __name__ == "__main__":
    with open("helper.py", "w") as helper:
        helper.write("#!/usr/bin/env python3\nprint('helped')\n")
    with Pool(1) as pool:
        print(pool.map(call, [1]))
