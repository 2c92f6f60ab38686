# with: loguru
import pathlib
import tempfile
from multiprocessing import Process

from loguru import logger


def log_to(path):
    logger.remove()
    logger.add(path, format="{message}", level="INFO")


def pack(order, path):
    log_to(path)
    logger.info("packed {}", order)


def main():
    path = pathlib.Path(tempfile.mkdtemp(), "packed.log")
    log_to(path)
    logger.info("begin")
    for order in ("a7", "b2"):
        worker = Process(target=pack, args=(order, path))
        worker.start()
        worker.join()
    print(path.read_text(), end="")


if __name__ == "__main__":
    main()
