# wide
import signal

signal.signal(signal.SIGUSR1, lambda *_: None)
print("ready", flush=True)
signal.pause()
