import multiprocessing
import time


def child(queue):
    print("ready", flush=True)
    time.sleep(120)
    queue.put(1)


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    context.Process(target=child, args=(queue,)).start()
    queue.get()
