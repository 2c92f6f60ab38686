# wide
# verdict: stuck
# who: child
# lives: heartbeat
# A thread of the parent holds the lock of a handler of its own at the fork.
import logging
import multiprocessing
import threading
import time

lock = threading.Lock()
held = threading.Event()


class Handler(logging.Handler):
    def handle(self, record):  # without logging's own lock
        self.emit(record)

    def emit(self, record):
        with lock:  # here
            held.set()
            time.sleep(0.3)


log = logging.getLogger("own")
log.addHandler(Handler())


def beat():
    while True:
        log.warning("beat")


def child():
    print("ready", flush=True)
    log.warning("child")


if __name__ == "__main__":
    threading.Thread(target=beat, name="heartbeat", daemon=True).start()
    held.wait()
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
