"""Reports of shops, tried out with the clock set to a known day."""

# with: freezegun

import datetime
import multiprocessing

from freezegun import freeze_time


def report(shop):
    return f"{shop}: report of {datetime.date.today():%B %Y}"


def run():
    with multiprocessing.Pool(2) as pool:
        print(*pool.map(report, ["north", "south"]), sep="\n")


def main():
    # finds: library_state_differs differs forkserver spawn
    with freeze_time("2019-05-31"):
        print(report("main"))
        run()


if __name__ == "__main__":
    main()
