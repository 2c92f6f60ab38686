import multiprocessing
import threading


def beat(stop):
    while not stop.wait(0.2):
        pass


def work():
    stop = threading.Event()
    threading.Thread(target=beat, args=(stop,), name="beat").start()
    print("worked", flush=True)
    stop.set()


def main():
    child = multiprocessing.Process(target=work)
    child.start()
    child.join()


if __name__ == "__main__":
    main()
