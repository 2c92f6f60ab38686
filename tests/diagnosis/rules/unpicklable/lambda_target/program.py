"""Start a process on a lambda."""

# python: wine-3.12

from multiprocessing import Process

if __name__ == "__main__":
    process = Process(target=lambda: print("hello"))
    # finds: unpicklable error spawn
    process.start()
    process.join()
