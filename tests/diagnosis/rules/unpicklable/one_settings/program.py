import multiprocessing


def singleton(cls):
    made = {}

    def get():
        return made.setdefault(cls, made.get(cls) or cls())

    return get


@singleton
class Settings:
    retries = 3


def sync(settings):
    print(settings.retries)


def main():
    child = multiprocessing.Process(target=sync, args=(Settings(),))
    # finds: unpicklable error forkserver spawn
    child.start()
    child.join()


if __name__ == "__main__":
    main()
