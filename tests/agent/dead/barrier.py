# needs: 3
# One party of a barrier never comes.
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


barrier = threading.Barrier(2)
last_words()
barrier.wait()
