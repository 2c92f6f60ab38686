import atexit

LATE = []
atexit.register(LATE.clear)


class Batches:
    size = 100

    def of(self, items):
        return [items[i : i + self.size] for i in range(0, len(items), self.size)]


def batches(items):
    return Batches().of(items)
