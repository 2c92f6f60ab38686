import queue
import threading

parts = queue.Queue(maxsize=2)


def assemble():
    for _ in range(3):
        print(parts.get())


def main():
    worker = threading.Thread(target=assemble)
    worker.start()
    for number in range(3):
        parts.put(number)
    worker.join()


if __name__ == "__main__":
    main()
