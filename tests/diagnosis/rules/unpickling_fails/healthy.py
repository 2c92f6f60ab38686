"""Shortest ways between stations: a route is known by its number."""

import multiprocessing


class Station:
    def __init__(self, name):
        self.name = name
        self.routes = {}

    def connect(self, number, other, minutes):
        self.routes[number] = (self, other, minutes)


def longest(station, answers):
    answers.put(max((minutes for _, _, minutes in station.routes.values()), default=0))


def main():
    bern, thun = Station("Bern"), Station("Thun")
    bern.connect(1, thun, 18)
    answers = multiprocessing.Queue()
    worker = multiprocessing.Process(target=longest, args=(bern, answers))
    worker.start()
    worker.join()
    print("longest", answers.get() if worker.exitcode == 0 else "unknown")


if __name__ == "__main__":
    main()
