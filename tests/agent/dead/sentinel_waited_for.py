# needs: 3
# verdict: proven
# waits: main (1) for the end of the child, by its sentinel; the child (2) for a word of main
# Main waits for the sentinel of a child that waits to be told to end.
import multiprocessing
import multiprocessing.connection
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(connection):
    last_words()
    connection.recv()  # (2)


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,))
    process.start()
    multiprocessing.connection.wait([process.sentinel])  # (1)
