# needs: 3
# The child takes its time to start, and then to work; all others wait for it.
import multiprocessing
import time


def work(connection):
    time.sleep(0.8)
    connection.send(1)


if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,))
    process.start()
    assert ours.recv() == 1
    process.join()
