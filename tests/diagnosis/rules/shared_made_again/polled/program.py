"""A child goes round until its parent stops it, by an Event that each import makes anew."""

import multiprocessing
import time

# finds: shared_made_again hang forkserver spawn
stop = multiprocessing.Event()


def work(out):
    out.put("begun")
    while not stop.is_set():
        time.sleep(0.01)


def main():
    out = multiprocessing.SimpleQueue()
    child = multiprocessing.Process(target=work, args=(out,))
    child.start()
    print(out.get())
    stop.set()
    child.join()


if __name__ == "__main__":
    main()
