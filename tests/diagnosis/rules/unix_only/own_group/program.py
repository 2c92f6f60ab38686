"""Have tools run in groups of their own, to end each with all that it has started."""

# python: wine-3.12

import os
import subprocess
import sys
from multiprocessing import Pool


def run(code):
    command = [sys.executable, "-c", code]
    # finds: unix_only error spawn
    return subprocess.run(command, preexec_fn=os.setpgrp, check=True).returncode


if __name__ == "__main__":
    with Pool(1) as pool:
        print(pool.map(run, ["print(1)"]))
