# python: host-3.12
import threading
from multiprocessing import Process

done = threading.Event()


def watch():
    done.wait()


def work():
    print("work", flush=True)


if __name__ == "__main__":
    watcher = threading.Thread(target=watch)
    worker = Process(target=work)
    worker.start()
    worker.join()
    watcher.start()
    done.set()
    watcher.join()
