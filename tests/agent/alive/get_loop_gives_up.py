# Nobody puts anything; who gets looks now and then, and leaves off after a while.
import multiprocessing

try:
    from queue import Empty
except ImportError:
    from Queue import Empty

if __name__ == "__main__":
    queue = multiprocessing.Queue()
    for _ in range(10):
        try:
            queue.get(timeout=0.3)
        except Empty:
            pass
