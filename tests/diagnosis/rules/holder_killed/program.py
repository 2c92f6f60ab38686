from multiprocessing import Event, Process, Queue


def report(reports, begun):
    reports.put(b"x" * 1000000)
    begun.set()
    begun.wait()


def main():
    reports, begun = Queue(), Event()
    reporter = Process(target=report, args=(reports, begun))
    reporter.start()
    begun.wait()
    while reports.empty():
        pass
    reporter.terminate()
    reporter.join()
    reports.put("the last word")
    reports.close()
    # finds: holder_killed hang fork forkserver spawn
    reports.join_thread()
    print("reported")


if __name__ == "__main__":
    main()
