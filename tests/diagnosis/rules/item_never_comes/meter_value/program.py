import os
from multiprocessing import Process, Queue

METERS = {"gas": 7, "water": 3}


def reader(results):
    for name in sorted(METERS):
        results.put((name, METERS[name] * 10))
    # finds: item_lost_at_exit hang fork forkserver spawn
    os._exit(0)


def hold(results):
    """The big reading keeps the feeder busy."""
    results.put(("history", b"0" * 4000000))
    reader(results)


def main():
    results = Queue()
    process = Process(target=hold, args=(results,))
    process.start()
    process.join()
    for _ in range(3):
        name, value = results.get()
        print(name, value if isinstance(value, int) else len(value))


if __name__ == "__main__":
    main()
