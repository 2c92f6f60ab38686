"""Save the state: write a new file, then give it the name of the old one."""

# python: wine-3.12

import os
from multiprocessing import Process


def save(number):
    with open("state.new", "w") as file:
        file.write(str(number))
    # finds: rename_onto_file error spawn
    os.rename("state.new", "state")


if __name__ == "__main__":
    save(1)
    child = Process(target=print, args=("saved once",))
    child.start()
    child.join()
    save(2)
    print("saved twice")
