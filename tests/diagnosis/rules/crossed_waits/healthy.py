"""A queue, a pool, a manager and a thread, each used as it should be."""
import threading
from multiprocessing import Manager, Pool, Process, Queue


def square(n):
    return n * n


def put(queue, n):
    queue.put(square(n))


def note(found, n):
    found[n] = square(n)


def run(processes):
    for process in processes:
        process.start()
    return processes


if __name__ == "__main__":
    queue = Queue()
    workers = run([Process(target=put, args=(queue, n)) for n in range(3)])
    print(sorted(queue.get() for _ in workers))
    for worker in workers:
        worker.join()
    with Pool(2) as pool:
        print(pool.map(square, range(5)))
    with Manager() as manager:
        found = manager.dict()
        for process in run([Process(target=note, args=(found, n)) for n in range(2)]):
            process.join()
        print(dict(sorted(found.items())))
    thread = threading.Thread(target=print, args=("thread",))
    thread.start()
    thread.join()
