# verdict: deadlock
# who: thread
# held: thread "second"
import threading

one, two = threading.RLock(), threading.RLock()
both = threading.Barrier(2)


def work(first, second):
    with first:
        both.wait()
        print("ready", flush=True)
        with second:  # here
            pass


threads = [
    threading.Thread(target=work, args=args, name=name)
    for name, args in {"first": (one, two), "second": (two, one)}.items()
]
for each in threads:
    each.start()
for each in threads:
    each.join()
