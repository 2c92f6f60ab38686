"""Shortest ways between stations: a route's hash asks for a station's name."""

import multiprocessing


class Station:
    def __init__(self, name):
        self.name = name
        self.routes = set()

    def connect(self, other, minutes):
        self.routes.add(Route(self, other, minutes))


class Route:
    def __init__(self, start, end, minutes):
        self.start, self.end, self.minutes = start, end, minutes

    def __hash__(self):
        # finds: unpickling_fails differs forkserver spawn
        return hash((self.start.name, self.end.name))


def longest(station, answers):
    answers.put(max((each.minutes for each in station.routes), default=0))


def main():
    bern, thun = Station("Bern"), Station("Thun")
    bern.connect(thun, 18)
    answers = multiprocessing.Queue()
    worker = multiprocessing.Process(target=longest, args=(bern, answers))
    worker.start()
    worker.join()
    print("longest", answers.get() if worker.exitcode == 0 else "unknown")


if __name__ == "__main__":
    main()
