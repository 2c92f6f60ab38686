# The parent asks without a pause whether its child is alive, which ends after a while.
import multiprocessing
import time

if __name__ == "__main__":
    process = multiprocessing.Process(target=time.sleep, args=(2.5,))
    process.start()
    while process.is_alive():
        pass
