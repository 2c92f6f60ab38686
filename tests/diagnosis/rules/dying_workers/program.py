from multiprocessing import Pool


def connect(url):
    # finds: dying_workers hang fork forkserver spawn
    raise ConnectionError("no route to " + url)


def query(n):
    return n


if __name__ == "__main__":
    with Pool(2, initializer=connect, initargs=("db",)) as pool:
        print(pool.map(query, range(3)))
