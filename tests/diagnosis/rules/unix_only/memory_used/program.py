"""Tell how much memory a worker has needed."""

# python: wine-3.12

from multiprocessing import Process


def work():
    # finds: unix_only error spawn
    import resource

    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0)


if __name__ == "__main__":
    worker = Process(target=work)
    worker.start()
    worker.join()
    raise SystemExit(worker.exitcode)
