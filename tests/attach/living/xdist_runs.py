# needs: xdist
import os
import sys
import time

import pytest


def test_it():
    with open(os.environ["READY"], "w") as file:
        file.write("ready")
    time.sleep(120)


if __name__ == "__main__":
    os.environ["READY"] = os.path.join(sys.argv[1], "ready")
    sys.exit(pytest.main(["-n", "2", "-c", os.devnull, "-p", "no:timeout", "-p", "no:cacheprovider", __file__]))
