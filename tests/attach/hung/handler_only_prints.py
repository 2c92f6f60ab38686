# wide
# verdict: deadlock, stuck
# who: the program
import signal
import threading

done = threading.Event()
signal.signal(signal.SIGTERM, lambda number, frame: print("asked to stop", flush=True))


def work():
    raise ValueError("no such row")
    done.set()


thread = threading.Thread(target=work)
thread.start()
thread.join()
print("ready", flush=True)
done.wait()  # here
