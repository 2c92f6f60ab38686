from multiprocessing import Pool

if __name__ == "__main__":
    # finds: not_importable hang forkserver spawn
    def cube(n):
        return n ** 3

    with Pool(2) as pool:
        print(pool.map(cube, range(3)))
