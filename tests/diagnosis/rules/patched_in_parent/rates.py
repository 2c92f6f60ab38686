def fetch(currency):
    raise ConnectionError("no rate of %s without a network" % currency)


def total(amount):
    return amount * fetch("EUR")
