import sys
from multiprocessing import Process, Queue


def ask(out):
    try:
        # finds: stdin_in_child error fork forkserver spawn
        out.put(input())
    except EOFError as error:
        out.put(error)
        raise


if __name__ == "__main__":
    out = Queue()
    asker = Process(target=ask, args=(out,))
    asker.start()
    name = out.get()
    asker.join()
    if isinstance(name, Exception):
        raise name
    print("hello", name)
