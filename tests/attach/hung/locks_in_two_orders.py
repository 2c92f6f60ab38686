# wide
# verdict: deadlock
# who: child
import multiprocessing


def child(first, second, both):
    with first:
        both.wait()
        print("ready", flush=True)
        with second:  # here
            pass


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    one, two = context.Lock(), context.Lock()
    both = context.Barrier(2)
    children = [
        context.Process(target=child, args=args) for args in [(one, two, both), (two, one, both)]
    ]
    for each in children:
        each.start()
    for each in children:
        each.join()
