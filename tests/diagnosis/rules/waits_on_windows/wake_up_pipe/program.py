"""Wait for a line of a child and for a wake-up, whichever comes first."""

# python: wine-3.12

import os
import selectors
from multiprocessing import Process


def work():
    print("worked")


if __name__ == "__main__":
    awake, waker = os.pipe()
    selector = selectors.DefaultSelector()
    child = Process(target=work)
    child.start()
    child.join()
    os.write(waker, b"x")
    selector.register(awake, selectors.EVENT_READ)
    # finds: select_of_pipe error spawn
    print(len(selector.select()))
