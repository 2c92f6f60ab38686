# verdict: proven
# waits: main (1) for the other program to end its output, and that for main to end its input
# A program reads all that cat writes, without having closed what cat reads.
import subprocess
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
process.stdin.write(b"x\n")
process.stdin.flush()
process.stdout.readline()
last_words()
process.stdout.read()  # (1)
