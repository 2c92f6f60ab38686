from multiprocessing import Process, Queue


class Profile:
    def __init__(self, name):
        self.name = name
        self.offset = 0.0

    # finds: lost_by_pickling hang forkserver spawn
    def __getstate__(self):
        return {"name": self.name}

    def pressure(self, depth):
        return depth * 9.81 + self.offset


def measure(profile, results):
    results.put(profile.pressure(10))


def main():
    results = Queue()
    child = Process(target=measure, args=(Profile("north"), results))
    child.start()
    print(results.get())
    child.join()


if __name__ == "__main__":
    main()
