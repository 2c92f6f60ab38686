from multiprocessing import Process, Queue


class Profile:
    def __init__(self, name):
        self.name = name
        self.offset = 0.0

    def __getstate__(self):
        return {"name": self.name}

    def __setstate__(self, state):
        self.__init__(**state)

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
