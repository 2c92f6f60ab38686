"""Orders, handed on by a queue that counts them, and gives that to pickle."""

import multiprocessing
from multiprocessing.queues import Queue


class Counted(Queue):
    def __init__(self):
        super().__init__(ctx=multiprocessing.get_context())
        self.passed = multiprocessing.Value("i", 0)

    def __getstate__(self):
        return super().__getstate__(), self.passed

    def __setstate__(self, state):
        of_queue, self.passed = state
        super().__setstate__(of_queue)

    def put(self, item):
        self.passed.value += 1
        super().put(item)


def bake(orders):
    orders.put("pie")


def main():
    orders = Counted()
    baker = multiprocessing.Process(target=bake, args=(orders,))
    baker.start()
    print(orders.get(), orders.passed.value)


if __name__ == "__main__":
    main()
