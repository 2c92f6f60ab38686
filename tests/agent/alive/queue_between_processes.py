# A consumer waits on a queue that a slow producer feeds through its feeder thread.
import multiprocessing
import time


def work(queue):
    for _ in range(4):
        time.sleep(0.3)
        queue.put(b"x" * 100000)


if __name__ == "__main__":
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=work, args=(queue,))
    process.start()
    for _ in range(4):
        queue.get()
    process.join()
