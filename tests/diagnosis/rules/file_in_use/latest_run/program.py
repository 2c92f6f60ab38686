"""Make a link to the folder of the latest run."""

# python: wine-3.12

import os
from multiprocessing import Process


def work(folder):
    with open(os.path.join(folder, "log"), "w") as log:
        log.write("worked")


if __name__ == "__main__":
    os.mkdir("run-1")
    worker = Process(target=work, args=("run-1",))
    worker.start()
    worker.join()
    # finds: link_refused error spawn
    os.symlink("run-1", "latest")
    print(os.listdir("latest"))
