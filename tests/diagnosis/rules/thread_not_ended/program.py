import multiprocessing
import threading
import time


def beat():
    while True:
        time.sleep(0.2)


def work():
    # finds: thread_not_ended hang fork forkserver spawn
    threading.Thread(target=beat, name="beat").start()
    print("worked", flush=True)


def main():
    child = multiprocessing.Process(target=work)
    child.start()
    child.join()


if __name__ == "__main__":
    main()
