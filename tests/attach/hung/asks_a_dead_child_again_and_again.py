# wide
# verdict: stuck, part
# who: child
import multiprocessing
import threading

lock = threading.Lock()


def child():
    print("ready", flush=True)
    with lock:  # here
        pass


if __name__ == "__main__":
    lock.acquire()
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    while process.is_alive():
        process.join(0.3)
