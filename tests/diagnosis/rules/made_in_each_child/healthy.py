"""Cut clips in processes; they lie in a work folder that the program makes."""
import os
import sys
import tempfile
from multiprocessing import Process
def path_of(work, name):
    return os.path.join(work, name)


def cut(work, name):
    try:
        with open(path_of(work, name)) as clip:
            clip.read()
    except OSError:
        sys.exit(4)


def main():
    work = tempfile.TemporaryDirectory(prefix="clips-")
    with open(path_of(work.name, "intro"), "w") as clip:
        clip.write("frames")
    process = Process(target=cut, args=(work.name, "intro"))
    process.start()
    process.join()
    work.cleanup()
    print("cut" if process.exitcode == 0 else "failed")
    return process.exitcode


if __name__ == "__main__":
    sys.exit(main())
