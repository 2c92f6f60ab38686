import multiprocessing as mp

state = {"ready": False}


def is_ready():
    return state["ready"]


def worker(condition, started):
    with condition:
        started.set()
        # finds: never_true hang fork forkserver spawn
        condition.wait_for(is_ready)
    print("working")


def main():
    condition, started = mp.Condition(), mp.Event()
    child = mp.Process(target=worker, args=(condition, started))
    child.start()
    started.wait()
    with condition:
        state["ready"] = True
        condition.notify_all()
    child.join()
    print("done")


if __name__ == "__main__":
    main()
