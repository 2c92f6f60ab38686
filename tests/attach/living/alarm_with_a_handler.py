# An alarm will come, whatever it waits for.
import signal
import threading

signal.signal(signal.SIGALRM, lambda *_: None)
signal.alarm(120)
lock = threading.Lock()
lock.acquire()
print("ready", flush=True)
lock.acquire()
