# verdict: busy
# waits: main (1) looks without a pause for what only the child could write; it (2) waits for main
# Main looks without a pause at a shared value, which the child would set, had it got its task.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(tasks, value):
    last_words()
    value.value = tasks.recv()  # (2)


if __name__ == "__main__":
    ours, theirs = multiprocessing.Pipe()
    value = multiprocessing.Value("i", 0, lock=False)
    multiprocessing.Process(target=work, args=(theirs, value)).start()
    while not value.value:  # (1)
        pass
