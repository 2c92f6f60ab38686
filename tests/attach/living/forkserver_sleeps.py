# wide
import multiprocessing
import time

if __name__ == "__main__":
    with multiprocessing.get_context("forkserver").Pool(2) as pool:
        result = pool.map_async(time.sleep, [120, 120])
        print("ready", flush=True)
        result.get()
