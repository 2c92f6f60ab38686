import os
import time
from multiprocessing import Process


def take():
    while True:
        try:
            os.close(os.open("index.lock", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            time.sleep(0.1)
        else:
            return


def add(document):
    take()
    try:
        print(document.get("title"))
    finally:
        os.remove("index.lock")


if __name__ == "__main__":
    for document in ({"name": "one"}, {"title": "two"}):
        worker = Process(target=add, args=(document,))
        worker.start()
        worker.join()
