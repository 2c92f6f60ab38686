# verdict: deadlock
# who: a queue's feeder thread of child
import multiprocessing
import time


def child(queue):
    queue.put("x" * 1_000_000)
    print("ready", flush=True)


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    process.join()  # here
    queue.get()
