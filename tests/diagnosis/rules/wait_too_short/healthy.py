import queue
import time
from multiprocessing import Process, Queue

time.sleep(2)  # as the import of a big library takes


def work(results):
    results.put(3)


def asked_again_and_again(results):
    while True:
        try:
            return results.get(timeout=0.5)
        except queue.Empty:
            pass


if __name__ == "__main__":
    results = Queue()
    process = Process(target=work, args=(results,))
    process.start()
    print(asked_again_and_again(results))
    process.join(60)
    assert not process.is_alive()
