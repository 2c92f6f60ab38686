from multiprocessing import Process, Semaphore


def take_order(orders):
    orders.acquire()
    print("taken")


def main():
    orders = Semaphore(0)
    clerk = Process(target=take_order, args=(orders,))
    clerk.start()
    # finds: asks_forever hang fork forkserver spawn
    while clerk.is_alive():
        pass
    orders.release()


if __name__ == "__main__":
    main()
