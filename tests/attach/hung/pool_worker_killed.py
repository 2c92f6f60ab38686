# verdict: deadlock
# who: the program
# The task of a pool's worker that was killed is lost, and whoever waits for it is not told.
import multiprocessing
import os
import signal


def work(_):
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        result = pool.map_async(work, [1])
        print("ready", flush=True)
        result.get()  # here
