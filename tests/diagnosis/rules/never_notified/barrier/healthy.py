from multiprocessing import Barrier, Process


def race(gate, name):
    gate.wait()


def main():
    gate = Barrier(3)
    runners = [Process(target=race, args=(gate, name)) for name in ("ann", "ben")]
    for runner in runners:
        runner.start()
    gate.wait()
    for runner in runners:
        runner.join()
    print("all run")


if __name__ == "__main__":
    main()
