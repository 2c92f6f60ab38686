import os
import tempfile
from multiprocessing import Process


def warm():
    pass


def show():
    print("from a child", flush=True)


if __name__ == "__main__":
    p = Process(target=warm); p.start(); p.join()
    stdout = os.dup(1)
    with tempfile.TemporaryFile() as file:
        # finds: output_elsewhere differs forkserver
        os.dup2(file.fileno(), 1)
        p = Process(target=show); p.start(); p.join()
        os.dup2(stdout, 1)
        file.seek(0)
        print("captured", file.read())
