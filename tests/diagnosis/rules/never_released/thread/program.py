import threading

stock_lock = threading.Lock()
stock = {"apples": 3}


def take(name):
    stock_lock.acquire()
    stock[name] -= 1
    stock_lock.release()


def show():
    # finds: never_released hang fork forkserver spawn
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
