import multiprocessing
import time


def export(done, rows):
    rows.value = 500
    done.set()


def main():
    done, rows = multiprocessing.Event(), multiprocessing.Value("i", 0)
    job = multiprocessing.Process(target=export, args=(done, rows))
    job.start()
    while not done.is_set():
        time.sleep(0.05)
    job.join()
    print(rows.value, "rows")


if __name__ == "__main__":
    main()
