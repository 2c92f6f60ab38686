import threading


class Account:
    def __init__(self, balance):
        self.balance = balance
        self.lock = threading.Lock()


both = threading.Barrier(2)


def transfer(source, target, amount):
    with source.lock:
        both.wait()
        # finds: lock_order hang fork forkserver spawn
        with target.lock:
            source.balance -= amount
            target.balance += amount


def main():
    savings = Account(100)
    current = Account(50)
    orders = [(savings, current, 10), (current, savings, 20)]
    threads = [threading.Thread(target=transfer, args=each) for each in orders]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


if __name__ == "__main__":
    main()
