# wide
# verdict: deadlock
# who: child
import multiprocessing


def child(barrier):
    print("ready", flush=True)
    barrier.wait()  # here


if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    barrier = context.Barrier(2)  # its locks have names as long as it is there
    process = context.Process(target=child, args=(barrier,))
    process.start()
    process.join()
