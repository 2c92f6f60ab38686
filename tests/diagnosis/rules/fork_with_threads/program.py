# python: host-3.12
import threading
from multiprocessing import Process

done = threading.Event()


def watch():
    # finds: fork_with_threads note fork
    done.wait()


def work():
    print("work", flush=True)


if __name__ == "__main__":
    watcher = threading.Thread(target=watch)
    watcher.start()
    worker = Process(target=work)
    worker.start()
    worker.join()
    done.set()
    watcher.join()
