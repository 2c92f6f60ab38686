import multiprocessing


def guard(opening, arrived):
    arrived.release()
    opening.wait()


def main():
    opening, arrived = multiprocessing.Event(), multiprocessing.Semaphore(0)
    guards = [multiprocessing.Process(target=guard, args=(opening, arrived)) for _ in range(2)]
    for process in guards:
        process.start()
    for _ in guards:
        arrived.acquire()
    while sleeping(opening) < len(guards):
        pass
    guards[0].terminate()
    guards[0].join()
    # finds: waiter_killed hang fork forkserver spawn
    opening.set()
    guards[1].join()
    print("open")


def sleeping(event):
    return event._cond._sleeping_count._semlock._get_value()


if __name__ == "__main__":
    main()
