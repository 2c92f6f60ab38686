import threading

stock_lock = threading.Lock()
stock = {"apples": 3}


def take(name):
    stock_lock.acquire()
    try:
        stock[name] -= 1
    finally:
        stock_lock.release()


def show():
    with stock_lock:
        print(stock)


def main():
    try:
        take("pears")
    except KeyError:
        print("no pears")
    reader = threading.Thread(target=show)
    reader.start()
    reader.join()


if __name__ == "__main__":
    main()
