"""Cut clips in processes; they lie in a work folder that the program makes."""
import os
import sys
import tempfile
from multiprocessing import Process

# finds: made_in_each_child error forkserver spawn
WORK = tempfile.TemporaryDirectory(prefix="clips-")


def path_of(name):
    return os.path.join(WORK.name, name)


def cut(name):
    try:
        with open(path_of(name)) as clip:
            clip.read()
    except OSError:
        sys.exit(4)


def main():
    with open(path_of("intro"), "w") as clip:
        clip.write("frames")
    process = Process(target=cut, args=("intro",))
    process.start()
    process.join()
    print("cut" if process.exitcode == 0 else "failed")
    return process.exitcode


if __name__ == "__main__":
    sys.exit(main())
