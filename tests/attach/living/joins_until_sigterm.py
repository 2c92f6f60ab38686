# wide
import signal
import threading

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
worker = threading.Thread(target=stop.wait)
worker.start()
print("ready", flush=True)
worker.join()
