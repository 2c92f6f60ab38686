"""Asks for a price in a process: the decorator's function has taken the name of the decorated one."""

import functools
import multiprocessing


def ask(function, name):
    print(name, function(name))


def timed(function):
    @functools.wraps(function)
    def in_process(name):
        process = multiprocessing.Process(target=ask, args=(function, name))
        # finds: unpicklable error forkserver spawn
        process.start()
        process.join(60)

    return in_process


@timed
def price(name):
    return {"pear": 3}[name]


if __name__ == "__main__":
    price("pear")
