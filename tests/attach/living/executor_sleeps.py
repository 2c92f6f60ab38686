# wide
import concurrent.futures
import time

if __name__ == "__main__":
    with concurrent.futures.ProcessPoolExecutor(2) as executor:
        print("ready", flush=True)
        list(executor.map(time.sleep, [120, 120]))
