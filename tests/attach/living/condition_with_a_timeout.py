# wide
import threading

condition = threading.Condition()
with condition:
    print("ready", flush=True)
    condition.wait(120)
