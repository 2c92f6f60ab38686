# wide
# verdict: deadlock
# who: child
import multiprocessing


def child(queue):
    print("ready", flush=True)
    queue.get()  # here


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    process.join()
