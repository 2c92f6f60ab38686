import queue
import threading

prices = {"tea": 3, "milk": 2, "bread": 1}
tasks = queue.Queue()
totals = []


def work():
    while True:
        item, count = tasks.get()
        totals.append(prices[item] * count)
        tasks.task_done()


def main():
    threading.Thread(target=work, daemon=True).start()
    for order in [("tea", 2), ("bread", 1), ("milk", 5)]:
        tasks.put(order)
    tasks.join()
    print(sum(totals))


if __name__ == "__main__":
    main()
