# wide
# verdict: part
# who: thread
import signal
import threading

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
accounts, orders = threading.Lock(), threading.Lock()
both = threading.Barrier(2)


def bill():
    with accounts:
        both.wait()
        with orders:
            pass


def ship():
    with orders:
        both.wait()
        print("ready", flush=True)
        with accounts:  # here
            pass


for work in (bill, ship):
    threading.Thread(target=work).start()
stop.wait()
