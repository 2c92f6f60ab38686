import threading
from multiprocessing import Process


def check(row):
    # finds: passed_over note fork forkserver spawn
    return 100 / row


def work():
    print("work", flush=True)


if __name__ == "__main__":
    worker = Process(target=work)
    worker.start()
    worker.join()
    checker = threading.Thread(target=check, args=(0,))
    checker.start()
    checker.join()
