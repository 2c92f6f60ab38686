from multiprocessing import Pool


def square(n):
    return n * n


# finds: unguarded_main hang forkserver spawn
pool = Pool(2)
print(pool.map(square, range(4)))
pool.close()
pool.join()
