# A manager's server, which polls, serves a client that takes its time.
import multiprocessing
import time


def work(queue):
    time.sleep(1.2)
    queue.put(1)


if __name__ == "__main__":
    manager = multiprocessing.Manager()
    queue = manager.Queue()
    process = multiprocessing.Process(target=work, args=(queue,))
    process.start()
    assert queue.get() == 1
    process.join()
    manager.shutdown()
