import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.pool import ThreadPool


def mean(readings):
    numbers = [float(each) for each in readings.split()]
    return sum(numbers) / len(numbers)


def in_thread(readings):
    try:
        mean(readings)
    except ValueError as error:
        raise LookupError(readings) from error


def main():
    failed = []
    with multiprocessing.Pool(2) as pool:
        pool.apply_async(mean, ("6.5 n/a",), error_callback=failed.append)
        tried = pool.apply_async(mean, ("3.5 4.5 -",))
        tried.wait()
        if not tried.successful():
            failed.append("3.5 4.5 -")
        pool.close()
        pool.join()
    with ThreadPool(1) as threads:
        threads.apply_async(in_thread, ("1.0 -",)).wait()
    with ProcessPoolExecutor(1) as executor:
        futures = [executor.submit(mean, each) for each in ("2.0 ?", "1.0")]
        failed += [each for each in as_completed(futures) if each.exception()]
    print(len(failed), "failed")


if __name__ == "__main__":
    main()
