import hashlib
from multiprocessing import Pool


def digest(text):
    return hashlib.md5(text.encode()).hexdigest()[:6]


if __name__ == "__main__":
    pool = Pool(2)
    results = pool.map(digest, ["a", "b"])
    # finds: pool_not_closed error fork forkserver spawn
    pool.join()
    print(results)
