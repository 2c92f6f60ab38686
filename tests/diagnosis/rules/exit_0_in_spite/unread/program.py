import multiprocessing
from concurrent.futures import ProcessPoolExecutor


def mean(readings):
    # finds: failure_unread ok fork forkserver spawn
    numbers = [float(each) for each in readings.split()]
    return sum(numbers) / len(numbers)


def main():
    means = []
    with multiprocessing.Pool(2) as pool:
        for readings in ("3.5 4.5", "6.5 n/a", "1.0"):
            pool.apply_async(mean, (readings,), callback=means.append)
        pool.close()
        pool.join()
    with ProcessPoolExecutor(1) as executor:
        executor.submit(mean, "2.0 ?")
    print(sorted(means))


if __name__ == "__main__":
    main()
