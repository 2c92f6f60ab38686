from multiprocessing import Lock, Process, Value


class Ledger:
    def __init__(self, lock, balance):
        self.lock = lock
        self.balance = balance

    def deposit(self, amount):
        with self.lock:
            self.balance.value += amount

    def withdraw(self, amount):
        with self.lock:
            self.balance.value -= amount

    def transfer(self, other, amount):
        with self.lock:
            self.balance.value -= amount
            other.balance.value += amount


def book(lock, source, target, amounts):
    one, two = Ledger(lock, source), Ledger(lock, target)
    for amount in amounts:
        one.transfer(two, amount)


def main():
    lock = Lock()
    giro = Value("i", 100, lock=False)
    savings = Value("i", 0, lock=False)
    clerk = Process(target=book, args=(lock, giro, savings, [10, 20, 5]))
    clerk.start()
    clerk.join()
    print("giro", giro.value)
    print("savings", savings.value)


if __name__ == "__main__":
    main()
