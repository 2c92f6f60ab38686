import sys
import threading
from multiprocessing import Event, Process

address_book = threading.Lock()
syncing = threading.Event()
sent = threading.Event()


def synchronise():
    with address_book:
        syncing.set()
        sent.wait()


def send(name, there):
    there.set()
    # finds: lock_held_at_fork error fork
    with address_book:
        print("to", name)


if __name__ == "__main__":
    threading.Thread(target=synchronise, daemon=True).start()
    syncing.wait()
    there = Event()
    mailer = Process(target=send, args=("ann", there))
    mailer.start()
    there.wait()
    mailer.join(5)
    if mailer.is_alive():
        mailer.terminate()
        mailer.join()
    sent.set()
    sys.exit(0 if mailer.exitcode == 0 else 1)
