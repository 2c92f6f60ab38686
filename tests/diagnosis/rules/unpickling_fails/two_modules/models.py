class Item:
    def __init__(self, price):
        self.price = price


# finds: import_order error forkserver spawn
from tasks import check  # noqa: E402

CHECKS = [check]
