import signal
import threading

wakes = threading.Lock()
wakes.acquire()
signal.signal(signal.SIGUSR1, lambda number, frame: wakes.release())


def work():
    while True:
        wakes.acquire()
        print("reloads", flush=True)


worker = threading.Thread(target=work)
worker.start()
print("ready", flush=True)
worker.join()
