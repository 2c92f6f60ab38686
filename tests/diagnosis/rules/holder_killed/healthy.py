from multiprocessing import Process, Queue


def report(reports):
    reports.put(b"x" * 1000000)


def main():
    reports = Queue()
    reporter = Process(target=report, args=(reports,))
    reporter.start()
    print(len(reports.get()), "bytes")
    reporter.join()
    reports.put("the last word")
    reports.close()
    reports.join_thread()
    print("reported")


if __name__ == "__main__":
    main()
