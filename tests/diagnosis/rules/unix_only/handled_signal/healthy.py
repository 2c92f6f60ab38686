"""Have a worker save what it has when it is asked to end."""

# python: wine-3.12

import multiprocessing


def work(ready, over, path):
    ready.set()
    over.wait()
    with open(path, "w") as file:
        file.write("saved")


if __name__ == "__main__":
    ready, over = multiprocessing.Event(), multiprocessing.Event()
    child = multiprocessing.Process(target=work, args=(ready, over, "state.txt"))
    child.start()
    ready.wait()
    over.set()
    child.join()
    with open("state.txt") as file:
        print(file.read())
