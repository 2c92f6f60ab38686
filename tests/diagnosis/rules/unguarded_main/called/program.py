"""Sort words in a process that a function starts, which is called without a main guard."""

from multiprocessing import Pipe, Process


def ordered(words, end):
    end.send(sorted(words))


def main():
    mine, theirs = Pipe()
    process = Process(target=ordered, args=(["pear", "fig"], theirs))
    process.start()
    theirs.close()
    print(mine.recv())
    process.join()


# finds: unguarded_main error forkserver spawn
main()
