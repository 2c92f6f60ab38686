from multiprocessing import Process
from threading import Event, Lock, Thread

lock = Lock()
busy = Event()
finish = Event()


def save():
    with lock:
        busy.set()
        finish.wait()


def fetch(url):
    with lock:
        print("fetched", url)


if __name__ == "__main__":
    Thread(target=save, name="saver").start()
    busy.wait()
    worker = Process(target=fetch, args=("/index.html",))
    worker.start()
    finish.set()
    worker.join()
