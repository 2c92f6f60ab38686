# wide
# verdict: deadlock
# who: the program
import threading

condition = threading.Condition()
with condition:
    print("ready", flush=True)
    condition.wait()  # here
