import multiprocessing as mp


def produce(lines):
    for number in range(100):
        # finds: queue_stays_full hang fork forkserver spawn
        lines.put("line %d" % number)
    lines.put(None)


def find(lines, wanted):
    for line in iter(lines.get, None):
        if line.endswith(wanted):
            print("found", line)
            return


def main():
    lines = mp.Queue(maxsize=10)
    producer = mp.Process(target=produce, args=(lines,))
    finder = mp.Process(target=find, args=(lines, "7"))
    producer.start()
    finder.start()
    finder.join()
    producer.join()


if __name__ == "__main__":
    main()
