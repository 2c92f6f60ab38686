# wide
# verdict: outside
# who: child
# outside: fifo to open
import multiprocessing
import os
import sys


def answer(requests, answers):
    with open(answers, "w") as writes, open(requests) as reads:
        writes.write(reads.read())


if __name__ == "__main__":
    requests, answers = (os.path.join(sys.argv[1], name) for name in ("requests", "answers"))
    os.mkfifo(requests)
    os.mkfifo(answers)
    multiprocessing.Process(target=answer, args=(requests, answers)).start()
    print("ready", flush=True)
    with open(requests, "w") as writes, open(answers) as reads:  # here
        writes.write(reads.read())
