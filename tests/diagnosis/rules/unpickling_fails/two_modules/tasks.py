from models import Item


def check(item):
    return item.price > 0


def show(price):
    print(check(Item(price)))
