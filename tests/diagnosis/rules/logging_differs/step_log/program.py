import logging
import sys
from concurrent.futures import ProcessPoolExecutor

log = logging.getLogger(__name__)


def step(n):
    log.warning("step %d", n)
    log.info("detail %d", n)
    return n


def main():
    # finds: logging_differs differs forkserver spawn
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    with ProcessPoolExecutor(2) as executor:
        print(sum(executor.map(step, range(3))))


if __name__ == "__main__":
    main()
