"""A registry whose refresher holds its lock while workers are started."""
import threading
import multiprocessing


class Registry:
    def __init__(self):
        self.guard = threading.RLock()
        self.names = {"a": 1}

    def lookup(self, name):
        # finds: lock_held_at_fork hang fork
        with self.guard:
            return self.names[name]


registry = Registry()
entered = threading.Event()
leave = threading.Event()


def refresh():
    with registry.guard:
        entered.set()
        leave.wait()
        registry.names["b"] = 2


def resolve(name):
    return registry.lookup(name)


def main():
    refresher = threading.Thread(target=refresh, name="refresher", daemon=True)
    refresher.start()
    entered.wait()
    workers = [multiprocessing.Process(target=resolve, args=("a",)) for _ in range(2)]
    for worker in workers:
        worker.start()
    leave.set()
    for worker in workers:
        worker.join()
    print("resolved")


if __name__ == "__main__":
    main()
