import multiprocessing
import os


def encode(track):
    return track.upper()


def wait_for_all():
    failed = 0
    while True:
        try:
            # finds: waits_for_helper hang forkserver spawn
            _, status = os.wait()
        except ChildProcessError:
            return failed
        failed += status != 0


def main():
    for track in ["one", "two"]:
        multiprocessing.Process(target=encode, args=(track,)).start()
    print(wait_for_all(), "failed")


if __name__ == "__main__":
    main()
