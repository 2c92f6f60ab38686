# The parent looks at shared memory without a pause, until its child has written to it.
import multiprocessing
import time


def work(value):
    time.sleep(2.5)
    value.value = 1


if __name__ == "__main__":
    value = multiprocessing.Value("i", 0, lock=False)
    process = multiprocessing.Process(target=work, args=(value,))
    process.start()
    while not value.value:
        pass
    process.join()
