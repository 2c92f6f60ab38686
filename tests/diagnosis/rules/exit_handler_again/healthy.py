import atexit
import os
import shutil
from multiprocessing import Process


def draw(name):
    with open(os.path.join("work", name), "w") as file:
        file.write(name)


def main():
    os.makedirs("work", exist_ok=True)
    atexit.register(shutil.rmtree, "work", ignore_errors=True)
    artist = Process(target=draw, args=("tree",))
    artist.start()
    artist.join()
    with open(os.path.join("work", "tree")) as file:
        print(file.read())


if __name__ == "__main__":
    main()
