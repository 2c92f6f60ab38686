import random
from multiprocessing import Pool, Process, Queue

# finds: random_copied differs forkserver spawn
random.seed(2024)


def draw(out):
    out.put(random.randint(1, 10 ** 9))


def main():
    out = Queue()
    workers = [Process(target=draw, args=(out,)) for _ in range(4)]
    for each in workers:
        each.start()
    values = {out.get() for _ in workers}
    for each in workers:
        each.join()
    print("different samples:", len(values))


if __name__ == "__main__":
    main()
