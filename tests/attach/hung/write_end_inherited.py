# wide
# verdict: deadlock
# who: child
import multiprocessing
import os


def child(reader):
    print("ready", flush=True)
    os.fdopen(reader, "rb").read()  # here


if __name__ == "__main__":
    reader, writer = os.pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(reader,))
    process.start()
    os.close(writer)
    process.join()
