import signal
from multiprocessing import Process


def wait_for_work():
    # finds: deadlock hang fork forkserver spawn
    signal.pause()
    print("begin")


def main():
    worker = Process(target=wait_for_work)
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
