from multiprocessing import Process, Queue


class Settings:
    def __init__(self, values):
        self.values = values

    def __getattr__(self, name):
        try:
            # finds: unpickling_fails hang forkserver spawn
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None


def work(settings, out):
    out.put(settings.depth * 2)


def main():
    out = Queue()
    worker = Process(target=work, args=(Settings({"depth": 4}), out))
    worker.start()
    print(out.get())
    worker.join()


if __name__ == "__main__":
    main()
