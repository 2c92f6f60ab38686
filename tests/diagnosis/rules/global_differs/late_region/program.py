import os
from multiprocessing import Process


def warm():
    pass


def show():
    print("region", os.environ.get("APP_REGION", "none"), flush=True)


if __name__ == "__main__":
    p = Process(target=warm); p.start(); p.join()
    # finds: environment_differs differs forkserver
    os.environ["APP_REGION"] = "eu"
    p = Process(target=show); p.start(); p.join()
