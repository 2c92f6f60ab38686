"""Start a process on a lambda."""

from multiprocessing import Process

if __name__ == "__main__":
    process = Process(target=lambda: print("hello"))
    # finds: unpicklable
    process.start()
    process.join()
