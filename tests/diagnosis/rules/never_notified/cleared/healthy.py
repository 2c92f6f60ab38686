import multiprocessing


def run(start, ready):
    ready.acquire()
    start.wait()
    print("runs")


def main():
    start, ready = multiprocessing.Event(), multiprocessing.Semaphore(0)
    runner = multiprocessing.Process(target=run, args=(start, ready))
    runner.start()
    start.set()
    ready.release()
    runner.join()
    start.clear()


if __name__ == "__main__":
    main()
