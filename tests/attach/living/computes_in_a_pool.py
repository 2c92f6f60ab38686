import multiprocessing


def work(number):
    return sum(range(1 << 40))


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        result = pool.map_async(work, range(2))
        print("ready", flush=True)
        result.get()
