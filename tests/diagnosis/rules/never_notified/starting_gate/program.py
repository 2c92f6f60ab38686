import multiprocessing as mp


class Gate:
    """Pulses: lets those through that wait right now."""

    def __init__(self):
        self.condition = mp.Condition()

    def wait(self):
        with self.condition:
            # finds: never_notified hang fork forkserver spawn
            self.condition.wait()

    def pulse(self):
        with self.condition:
            self.condition.notify_all()


def work(gate, out, number):
    gate.wait()
    out.put(number)


def main():
    gate, out = Gate(), mp.Queue()
    workers = [mp.Process(target=work, args=(gate, out, n)) for n in range(2)]
    gate.pulse()
    for each in workers:
        each.start()
    print(sorted(out.get() for _ in workers))
    for each in workers:
        each.join()


if __name__ == "__main__":
    main()
