"""Take the results of two workers as they come."""

# python: wine-3.12

import select
from multiprocessing import Pipe, Process


def work(results, number):
    results.send(number * number)
    results.close()


if __name__ == "__main__":
    waiting = []
    for number in (3, 4):
        mine, theirs = Pipe(duplex=False)
        Process(target=work, args=(theirs, number)).start()
        waiting.append(mine)
    total = 0
    while waiting:
        # finds: select_of_pipe error spawn
        ready, _, _ = select.select(waiting, [], [])
        for each in ready:
            total += each.recv()
            waiting.remove(each)
    print(total)
