import sys
from multiprocessing import Process


def greet(name):
    print("hello", name or "nobody", flush=True)


if __name__ == "__main__":
    name = sys.stdin.readline().strip()
    greeter = Process(target=greet, args=(name,))
    greeter.start()
    greeter.join()
