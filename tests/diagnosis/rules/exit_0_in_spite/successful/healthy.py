import multiprocessing


def mean(readings):
    numbers = [float(each) for each in readings.split()]
    return sum(numbers) / len(numbers)


def main():
    readings = [*map(str, range(60)), "3.5 4.5 -"]
    with multiprocessing.Pool(2) as pool:
        results = [pool.apply_async(mean, (each,)) for each in readings]
        pool.close()
        pool.join()
    print(sum(not each.successful() for each in results), "failed")


if __name__ == "__main__":
    main()
