"""Have a noisy worker write to nowhere."""

# python: wine-3.12

import sys
from multiprocessing import Process


def work():
    # finds: unix_path error spawn
    sys.stdout = open("/dev/null", "w")
    print("noise")


if __name__ == "__main__":
    worker = Process(target=work)
    worker.start()
    worker.join()
    raise SystemExit(worker.exitcode)
