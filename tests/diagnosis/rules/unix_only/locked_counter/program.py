"""Count in a file that several processes lock."""

# python: wine-3.12

# finds: unix_only error spawn
import fcntl
from multiprocessing import Process


def count(path):
    with open(path, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        number = int(file.read() or 0)
        file.seek(0)
        file.write(str(number + 1))


if __name__ == "__main__":
    open("count", "w").close()
    children = [Process(target=count, args=("count",)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    print(open("count").read())
