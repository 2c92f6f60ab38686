# verdict: deadlock
# who: the lock `console`
# No line of the source says which lock it is; memory does.
import threading

console = threading.Lock()
take = console.acquire
take()
print("ready", flush=True)
take()  # here
