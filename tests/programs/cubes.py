from multiprocessing import Pool

if __name__ == "__main__":
    def cube(n):
        return n ** 3

    with Pool(2) as pool:
        print(pool.map(cube, range(3)))
