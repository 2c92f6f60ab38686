"""Add numbers in a process, without a main guard."""

# python: wine-3.12

from multiprocessing import Process


def add(a, b):
    print(a + b)


process = Process(target=add, args=(2, 3))
# finds: unguarded_main ok spawn
process.start()
process.join()
