from multiprocessing import Process, Semaphore


def take_order(orders):
    orders.acquire()
    print("taken")


def main():
    orders = Semaphore(0)
    clerk = Process(target=take_order, args=(orders,))
    clerk.start()
    orders.release()
    while clerk.is_alive():
        clerk.join(0.1)


if __name__ == "__main__":
    main()
