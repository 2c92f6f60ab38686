import os
from multiprocessing import Pool


def parent(_):
    return os.getppid()


def check_parent():
    with Pool(1) as pool:
        found = pool.map(parent, [0])[0]
    if found != os.getpid():
        # finds: parent_is_fork_server error forkserver
        raise AssertionError(f"{found} is not {os.getpid()}")


if __name__ == "__main__":
    check_parent()
