import sys
import threading
from multiprocessing import Process

address_book = threading.Lock()
syncing = threading.Event()
sent = threading.Event()


def synchronise():
    with address_book:
        syncing.set()
        sent.wait()


def send(name):
    with address_book:
        print("to", name)


if __name__ == "__main__":
    mailer = Process(target=send, args=("ann",))
    mailer.start()
    threading.Thread(target=synchronise, daemon=True).start()
    syncing.wait()
    mailer.join()
    sent.set()
    sys.exit(0 if mailer.exitcode == 0 else 1)
