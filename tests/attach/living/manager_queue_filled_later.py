# wide
import multiprocessing
import threading

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Manager() as manager:
        queue = manager.Queue()
        threading.Timer(120, queue.put, [1]).start()
        print("ready", flush=True)
        queue.get()
