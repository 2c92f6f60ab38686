import multiprocessing as mp


def worker(condition, started, ready):
    with condition:
        started.set()
        condition.wait_for(lambda: ready.value)
    print("working")


def main():
    condition, started, ready = mp.Condition(), mp.Event(), mp.Value("b", 0, lock=False)
    child = mp.Process(target=worker, args=(condition, started, ready))
    child.start()
    started.wait()
    with condition:
        ready.value = 1
        condition.notify_all()
    child.join()
    print("done")


if __name__ == "__main__":
    main()
