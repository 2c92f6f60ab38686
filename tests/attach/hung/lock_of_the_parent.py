# wide
# verdict: deadlock
# who: child
# held: the program
import multiprocessing


def child(lock):
    print("ready", flush=True)
    with lock:  # here
        pass


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    lock = context.Lock()
    process = context.Process(target=child, args=(lock,))
    lock.acquire()
    process.start()
    process.join()
