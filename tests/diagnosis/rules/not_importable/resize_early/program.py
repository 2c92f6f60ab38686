from multiprocessing import Pool

if __name__ == "__main__":
    pool = Pool(2)


# finds: defined_after_start hang fork
def resize(width):
    return width // 2


if __name__ == "__main__":
    with pool:
        print(pool.map(resize, [640, 800, 1024]))
