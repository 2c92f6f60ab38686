import time
from multiprocessing import Process, Queue

time.sleep(2)  # as the import of a big library takes


def work(results):
    results.put(3)


if __name__ == "__main__":
    results = Queue()
    process = Process(target=work, args=(results,))
    process.start()
    try:
        # finds: wait_too_short error forkserver spawn
        print(results.get(timeout=1))
    finally:
        process.join()
