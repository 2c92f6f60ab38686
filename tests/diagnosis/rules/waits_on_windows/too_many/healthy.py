"""Use as many workers as there is work for, and Windows allows."""

# python: wine-3.12
from concurrent.futures import ProcessPoolExecutor


def measure(station):
    return station * 2


if __name__ == "__main__":
    stations = range(96)
    with ProcessPoolExecutor(max_workers=min(2, 61, len(stations))) as pool:
        print(sum(pool.map(measure, stations, chunksize=48)))
