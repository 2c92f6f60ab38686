# A daemon at rest: its handler sets what its first thread waits for.
import signal
import threading

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
stop.wait()
