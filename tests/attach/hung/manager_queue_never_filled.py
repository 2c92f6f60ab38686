# wide
# verdict: deadlock, stuck
# who: the program
import multiprocessing

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Manager() as manager:
        queue = manager.Queue()
        print("ready", flush=True)
        queue.get()  # here
