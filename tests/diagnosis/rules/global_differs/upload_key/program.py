"""Uploads with a key that is read once; the program ends as its process does."""
import sys
from multiprocessing import Process

key = None


def upload(name):
    if not key:
        sys.exit(3)
    print("uploaded", name, flush=True)


def main():
    global key
    # finds: global_differs error forkserver spawn
    key = "k-2817"
    process = Process(target=upload, args=("a.txt",))
    process.start()
    process.join()
    sys.exit(process.exitcode)


if __name__ == "__main__":
    main()
