"""Prices with the tax that is set."""
from shop_settings import current


def gross(net):
    return net * (100 + current.percent) // 100
