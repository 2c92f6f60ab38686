import queue
import threading

parts = queue.Queue(maxsize=2)


def assemble():
    for _ in range(3):
        print(parts.get())


def main():
    for number in range(3):
        # finds: queue_stays_full hang fork forkserver spawn
        parts.put(number)
    worker = threading.Thread(target=assemble)
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
