# wide
import multiprocessing

if __name__ == "__main__":
    print("ready", flush=True)
    while True:
        process = multiprocessing.get_context("fork").Process(target=int)
        process.start()
        process.join()
