"""A process that refuses one way of being started, by its exit status."""
import sys
from multiprocessing import Process


def check():
    frame, names = sys._getframe(), set()
    while frame is not None:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    if "_launch" not in names:
        # finds: child_status error forkserver spawn
        sys.exit(5)


if __name__ == "__main__":
    process = Process(target=check)
    process.start()
    process.join()
    sys.exit(process.exitcode)
