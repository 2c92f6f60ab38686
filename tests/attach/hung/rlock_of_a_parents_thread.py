# wide
# verdict: stuck
# who: child
# held: thread "heartbeat" of the program
# A thread of the parent has the lock at the fork; its copy in the child is never released.
import multiprocessing
import threading
import time

lock = threading.RLock()
held = threading.Event()


def beat():
    while True:
        with lock:
            held.set()
            time.sleep(0.3)


def child():
    print("ready", flush=True)
    with lock:  # here
        pass


if __name__ == "__main__":
    threading.Thread(target=beat, name="heartbeat", daemon=True).start()
    held.wait()
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
