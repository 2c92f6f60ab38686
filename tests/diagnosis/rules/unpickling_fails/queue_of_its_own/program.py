"""Orders, handed on by a queue that counts them; it knows nothing of pickling."""

import multiprocessing
from multiprocessing.queues import Queue

STATS = None


class Counted(Queue):
    def __init__(self):
        global STATS
        STATS = multiprocessing.Array("i", 2)
        super().__init__(ctx=multiprocessing.get_context())
        # finds: lost_by_pickling hang forkserver spawn
        self.passed = multiprocessing.Value("i", 0)

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
