import multiprocessing as mp


def use(permits, n, out):
    permits.acquire()
    try:
        out.put(n)
    finally:
        permits.release()
        if n == 2:
            # finds: child_raised error fork forkserver spawn
            permits.release()


def main():
    permits, out = mp.BoundedSemaphore(2), mp.Queue()
    users = [mp.Process(target=use, args=(permits, n, out)) for n in range(3)]
    for each in users:
        each.start()
        each.join()
    print(sorted(out.get() for _ in users))
    assert all(each.exitcode == 0 for each in users), [each.exitcode for each in users]


if __name__ == "__main__":
    main()
