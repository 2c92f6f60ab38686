"""Count down in a process whose class is one of a function."""

import multiprocessing


def main():
    class Countdown(multiprocessing.Process):
        def run(self):
            print("lift-off")

    countdown = Countdown()
    # finds: unpicklable error forkserver spawn
    countdown.start()
    countdown.join()


if __name__ == "__main__":
    main()
