from multiprocessing import Barrier, Process


def race(gate, name):
    # finds: barrier_short hang fork forkserver spawn
    gate.wait()
    print(name, "runs", flush=True)


def main():
    gate = Barrier(3)
    runners = [Process(target=race, args=(gate, name)) for name in ("ann", "ben")]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()


if __name__ == "__main__":
    main()
