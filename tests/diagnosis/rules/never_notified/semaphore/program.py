import threading
from multiprocessing import Pool


def paced(readings, slots):
    for reading in readings:
        # finds: permits_missing hang fork forkserver spawn
        slots.acquire()
        yield reading


def square(reading):
    return reading * reading


def main():
    slots = threading.Semaphore(1)
    with Pool(1) as pool:
        for result in pool.imap(square, paced(range(5, 10), slots)):
            if result > 3:
                print("too much:", result)
                break
            slots.release()


if __name__ == "__main__":
    main()
