import logging
import logging.handlers
import queue
from multiprocessing import Process

RECORDS = queue.Queue()
AUDIT = logging.getLogger("audit")
AUDIT.addHandler(logging.handlers.QueueHandler(RECORDS))
AUDIT.propagate = False


def pay(amount):
    AUDIT.warning("paid %d", amount)


def main():
    listener = logging.handlers.QueueListener(RECORDS, logging.NullHandler())
    # finds: left_unsent ok fork
    listener.start()
    pay(1)
    payments = [Process(target=pay, args=(amount,)) for amount in (20, 300)]
    for payment in payments:
        payment.start()
    for payment in payments:
        payment.join()
    listener.stop()
    print("all paid")


if __name__ == "__main__":
    main()
