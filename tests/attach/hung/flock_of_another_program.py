# wide
# verdict: outside
# outside: file lock
# who: the program
# other: holds the lock
import fcntl
import sys
import threading

file = open(f"{sys.argv[1]}/lock", "w")
if sys.argv[2:] == ["other"]:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("ready", flush=True)
    threading.Event().wait()
print("ready", flush=True)
fcntl.flock(file, fcntl.LOCK_EX)  # here
