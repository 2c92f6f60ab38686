import logging
import logging.handlers
import queue
from multiprocessing import Process

AUDIT = logging.getLogger("audit")
AUDIT.propagate = False


def pay(amount):
    records = queue.Queue()
    AUDIT.handlers[:] = [logging.handlers.QueueHandler(records)]
    listener = logging.handlers.QueueListener(records, logging.NullHandler())
    listener.start()
    AUDIT.warning("paid %d", amount)
    listener.stop()


def main():
    pay(1)
    payments = [Process(target=pay, args=(amount,)) for amount in (20, 300)]
    for payment in payments:
        payment.start()
    for payment in payments:
        payment.join()
    print("all paid")


if __name__ == "__main__":
    main()
