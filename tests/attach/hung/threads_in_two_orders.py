# wide
# verdict: deadlock
# who: thread
import threading

one, two = threading.Lock(), threading.Lock()
both = threading.Barrier(2)


def work(first, second):
    with first:
        both.wait()
        print("ready", flush=True)
        with second:  # here
            pass


threads = [threading.Thread(target=work, args=args) for args in [(one, two), (two, one)]]
for each in threads:
    each.start()
for each in threads:
    each.join()
