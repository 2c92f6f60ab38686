import queue
import threading

orders = queue.Queue()


def cook():
    while True:
        # finds: queue_stays_empty hang fork forkserver spawn
        order = orders.get()
        if order is None:
            return


def main():
    cooks = [threading.Thread(target=cook) for _ in range(3)]
    for each in cooks:
        each.start()
    for number in range(10):
        orders.put(number)
    orders.put(None)
    for each in cooks:
        each.join()


if __name__ == "__main__":
    main()
