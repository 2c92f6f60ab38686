import random
from multiprocessing import Process, Queue

# finds: random_copied differs fork
DECK = random.Random()


def deal(table, out):
    out.put((table, [DECK.randrange(10**9) for _ in range(3)]))


def main():
    out = Queue()
    tables = [Process(target=deal, args=(n, out)) for n in range(3)]
    for t in tables:
        t.start()
    hands = [out.get() for _ in tables]
    for t in tables:
        t.join()
    print("different hands:", len({tuple(hand) for _, hand in hands}))


if __name__ == "__main__":
    main()
