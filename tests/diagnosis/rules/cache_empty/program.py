import functools
from multiprocessing import Process

# finds: cache_empty differs forkserver spawn
@functools.lru_cache(maxsize=None)
def rate(currency):
    print("asking for", currency, flush=True)
    return {"EUR": 1.08}[currency]


def invoice(amount):
    print("%.2f EUR" % (amount * rate("EUR")), flush=True)


def main():
    rate("EUR")
    biller = Process(target=invoice, args=(100,))
    biller.start()
    biller.join()


if __name__ == "__main__":
    main()
