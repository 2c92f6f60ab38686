import threading
from multiprocessing import Pool


def paced(readings, slots):
    for reading in readings:
        slots.acquire()
        yield reading


def square(reading):
    return reading * reading


def main():
    slots = threading.Semaphore(2)
    with Pool(1) as pool:
        for result in pool.imap(square, paced(range(10), slots)):
            slots.release()
            if result > 3 and result < 5:
                print("too much:", result)


if __name__ == "__main__":
    main()
