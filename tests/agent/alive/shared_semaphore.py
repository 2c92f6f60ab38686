# A semaphore in anonymous memory is released by a child that sleeps.
import multiprocessing
import time


def work(semaphore):
    time.sleep(1.2)
    semaphore.release()


if __name__ == "__main__":
    semaphore = multiprocessing.Semaphore(0)
    process = multiprocessing.Process(target=work, args=(semaphore,))
    process.start()
    semaphore.acquire()
    process.join()
