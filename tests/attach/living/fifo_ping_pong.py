# wide
import multiprocessing
import os
import sys
import time


def other(there, back):
    with open(there, "rb", 0) as reads, open(back, "wb", 0) as writes:
        while True:
            writes.write(reads.read(1))


if __name__ == "__main__":
    there, back = (os.path.join(sys.argv[1], name) for name in ("there", "back"))
    os.mkfifo(there)
    os.mkfifo(back)
    multiprocessing.Process(target=other, args=(there, back), daemon=True).start()
    with open(there, "wb", 0) as writes, open(back, "rb", 0) as reads:
        print("ready", flush=True)
        while True:
            writes.write(b"x")
            reads.read(1)
            time.sleep(40)
