# wide
# verdict: deadlock
# who: child
# The tree's first process was killed: two children are left, which wait for each other.
import multiprocessing
import os
import signal


def child(reads, writes, last):
    if last:
        os.kill(os.getppid(), signal.SIGKILL)
        print("ready", flush=True)
    os.read(reads, 1)  # here


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    (r1, w1), (r2, w2) = os.pipe(), os.pipe()
    one = context.Process(target=child, args=(r1, w2, False))
    one.start()
    print(f"pid {one.pid}", flush=True)
    two = context.Process(target=child, args=(r2, w1, True))
    two.start()
    two.join()
