# needs: 3
# verdict: proven
# waits: main (1) for the child to read, and the child (2) for main to read
# Two processes send each other more than a pipe holds, and read only then.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(connection):
    last_words()
    connection.send_bytes(bytes(1 << 22))  # (2)
    connection.recv_bytes()


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,))
    process.start()
    ours.send_bytes(bytes(1 << 22))  # (1)
    ours.recv_bytes()
