import threading
from multiprocessing import Pool

table = {}
guard = threading.Lock()


def price(article):
    return article, len(article)


def enter(result):
    with guard:
        table.update([result])


def update(pool, articles):
    with guard:
        pending = [pool.apply_async(price, (each,), callback=enter) for each in articles]
        for each in pending:
            # finds: holder_waits hang fork forkserver spawn
            each.wait()


if __name__ == "__main__":
    with Pool(2) as pool:
        update(pool, ["pen", "paper"])
    print(table)
