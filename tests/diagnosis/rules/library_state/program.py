# with: loguru
import pathlib
import tempfile
from multiprocessing import Process

from loguru import logger


def pack(order):
    logger.info("packed {}", order)


def main():
    path = pathlib.Path(tempfile.mkdtemp(), "packed.log")
    logger.remove()
    # finds: library_state_differs differs forkserver spawn
    logger.add(path, format="{message}", level="INFO")
    logger.info("begin")
    for order in ("a7", "b2"):
        worker = Process(target=pack, args=(order,))
        worker.start()
        worker.join()
    print(path.read_text(), end="")


if __name__ == "__main__":
    main()
