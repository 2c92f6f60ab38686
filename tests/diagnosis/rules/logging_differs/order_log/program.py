import io
import logging
import os
import tempfile
from multiprocessing import Pool

orders = logging.getLogger("shop.orders")


def open_log(path):
    file = logging.FileHandler(path)
    # finds: logging_differs differs forkserver spawn
    orders.addHandler(file)
    orders.setLevel(logging.INFO)


def ship(order):
    orders.info("shipped order %d", order)
    return order


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "orders.log")
        open_log(path)
        with Pool(2) as pool:
            done = pool.map(ship, range(3))
        with io.open(path) as file:
            lines = file.read().splitlines()
    print("shipped", len(done), "logged", len(lines))
    for line in sorted(lines):
        print(line)


if __name__ == "__main__":
    main()
