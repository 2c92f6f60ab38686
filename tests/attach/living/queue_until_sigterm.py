# wide
import queue
import signal
import sys

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
work = queue.Queue()
print("ready", flush=True)
work.get()
