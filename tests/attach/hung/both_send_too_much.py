# wide
# verdict: deadlock
# who: child
import multiprocessing


def child(there):
    print("ready", flush=True)
    there.send(b"x" * 1_000_000)  # here


if __name__ == "__main__":
    here, there = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(there,))
    process.start()
    here.send(b"x" * 1_000_000)
