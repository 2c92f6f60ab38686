import multiprocessing
import threading

RATE = 2


def load():
    import decimal

    global RATE
    RATE = int(decimal.Decimal(3))


loader = threading.Thread(target=load)
loader.start()
loader.join()


def total(prices):
    return sum(prices) * RATE


def main():
    with multiprocessing.Pool(1) as pool:
        print(pool.map(total, [[1, 2], [3]]))


if __name__ == "__main__":
    main()
