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
    # finds: cleared_early hang fork forkserver spawn
    start.clear()
    ready.release()
    runner.join()


if __name__ == "__main__":
    main()
