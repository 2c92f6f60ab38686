"""What the processes of the suite do."""

import threading

RATES = {}
LOCK = threading.Lock()


def double(number):
    """Double a number.

    >>> double(2)
    4
    """
    return 2 * number


def send(results, value):
    results.put(value)


def send_rate(results):
    results.put(RATES.get("USD"))


def locked():
    with LOCK:
        pass
