from multiprocessing import Pool


def square(n):
    return n * n


pool = Pool(2)
print(pool.map(square, range(4)))
pool.close()
pool.join()
