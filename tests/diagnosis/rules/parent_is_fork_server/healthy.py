import multiprocessing
import os


def parent(_):
    return multiprocessing.parent_process().pid


def check_parent():
    with multiprocessing.Pool(1) as pool:
        found = pool.map(parent, [0])[0]
    if found != os.getpid():
        raise AssertionError(f"{found} is not {os.getpid()}")


if __name__ == "__main__":
    check_parent()
