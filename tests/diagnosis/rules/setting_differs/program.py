# python: host-3.11
import sys
import threading
from multiprocessing import Process


def walk(level):
    return max(map(walk, [level - 1])) if level else 0


def walk_deep():
    sys.setrecursionlimit(1000000)
    thread = threading.Thread(target=walk, args=(40000,))
    thread.start()
    thread.join()


def main():
    # finds: setting_differs crash forkserver spawn
    threading.stack_size(512 * 1024 * 1024)
    walker = Process(target=walk_deep)
    walker.start()
    walker.join()
    print("walked" if walker.exitcode == 0 else "stuck")


if __name__ == "__main__":
    main()
