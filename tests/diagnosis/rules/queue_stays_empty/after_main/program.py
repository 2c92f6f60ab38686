import multiprocessing
import queue
import threading

lines = queue.Queue()


def write():
    while True:
        # finds: queue_stays_empty hang fork forkserver spawn
        print(lines.get())


def square(number):
    return number * number


def main():
    threading.Thread(target=write).start()
    with multiprocessing.Pool(2) as pool:
        for number in pool.map(square, range(3)):
            lines.put(number)


if __name__ == "__main__":
    main()
