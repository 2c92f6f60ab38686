# wide
# verdict: outside
# who: child
# outside: backlog
# The parent accepts after the end of its child, which waits for the greeting of an accepted one.
import multiprocessing
from multiprocessing.connection import Client, Listener


def ask(address):
    print("ready", flush=True)
    Client(address, authkey=b"key")  # here


if __name__ == "__main__":
    with Listener(("127.0.0.1", 0), authkey=b"key") as listener:
        child = multiprocessing.get_context("fork").Process(target=ask, args=(listener.address,))
        child.start()
        child.join()
