# wide
import multiprocessing
import time

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2):
        print("ready", flush=True)
        time.sleep(120)
