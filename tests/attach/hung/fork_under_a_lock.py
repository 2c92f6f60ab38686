# verdict: deadlock
# who: child
import multiprocessing
import threading

lock = threading.Lock()


def child():
    print("ready", flush=True)
    with lock:  # here
        pass


if __name__ == "__main__":
    with lock:
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join()
