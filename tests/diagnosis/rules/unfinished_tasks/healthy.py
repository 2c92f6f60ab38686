"""A daemon writes the log; the program ends when it is done."""
import multiprocessing as mp


def write_log(lines):
    while True:
        print("log:", lines.get(), flush=True)
        lines.task_done()


def main():
    lines = mp.JoinableQueue()
    writer = mp.Process(target=write_log, args=(lines,), daemon=True)
    writer.start()
    for number in range(3):
        lines.put("line %d" % number)
    lines.join()
    print("done")


if __name__ == "__main__":
    main()
