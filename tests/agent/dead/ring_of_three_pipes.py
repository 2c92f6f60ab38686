# verdict: proven
# waits: main (1) for the second child, that for the first one, and that for main
# Three processes hand a word on in a ring, and each waits for it first.
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


pipes = [os.pipe() for _ in range(3)]


def hand_on(number):
    for at, (read, write) in enumerate(pipes):
        if at != number:
            os.close(read)
        if at != (number + 1) % 3:
            os.close(write)
    last_words()
    word = os.read(pipes[number][0], 1)  # (1)
    os.write(pipes[(number + 1) % 3][1], word)


for each in (1, 2):
    if os.fork() == 0:
        hand_on(each)
        os._exit(0)
hand_on(0)
