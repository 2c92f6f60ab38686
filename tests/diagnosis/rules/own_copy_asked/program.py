import multiprocessing
import time

status = {"done": False, "rows": 0}


def export(rows):
    # finds: own_copy_asked hang fork forkserver spawn
    status["done"] = True
    status["rows"] = rows


def main():
    job = multiprocessing.Process(target=export, args=(500,))
    job.start()
    while not status["done"]:
        time.sleep(0.05)
    job.join()
    print(status["rows"], "rows")


if __name__ == "__main__":
    main()
