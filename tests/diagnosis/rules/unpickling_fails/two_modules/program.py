"""Two modules import each other; the parent begins with one of them, its child with the other."""

import multiprocessing
import sys


def main():
    import models
    import tasks

    child = multiprocessing.Process(target=tasks.show, args=(len(models.CHECKS),))
    child.start()
    child.join()
    sys.exit(child.exitcode)


if __name__ == "__main__":
    main()
