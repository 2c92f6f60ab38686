# verdict: busy
# waits: main (1) asks without a pause for the end of the child, which waits (2) for main
# Main asks without a pause whether a child is alive, which waits for something from main.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(connection):
    last_words()
    connection.recv()  # (2)


if __name__ == "__main__":
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=work, args=(theirs,))
    process.start()
    while process.is_alive():  # (1)
        pass
