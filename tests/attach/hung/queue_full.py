# verdict: deadlock
# who: child
import multiprocessing


def work(records, full):
    for number in range(3):
        if number == 2:
            full.set()
        records.put(number)  # here


if __name__ == "__main__":
    records = multiprocessing.Queue(2)
    full = multiprocessing.Event()
    child = multiprocessing.Process(target=work, args=(records, full))
    child.start()
    full.wait()
    print("ready", flush=True)
    child.join()
