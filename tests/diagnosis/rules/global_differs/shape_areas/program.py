from concurrent.futures import ProcessPoolExecutor

KINDS = {}


class Shape:
    def __init_subclass__(cls, **options):
        # finds: global_differs error forkserver spawn
        KINDS[cls.__name__.lower()] = cls


class Square(Shape):
    @staticmethod
    def area(a):
        return a * a


def load_plugins():
    class Circle(Shape):
        @staticmethod
        def area(r):
            return 3 * r * r


def area(job):
    kind, size = job
    return KINDS[kind].area(size)


if __name__ == "__main__":
    load_plugins()
    with ProcessPoolExecutor(2) as executor:
        for result in executor.map(area, [("square", 2), ("circle", 2)]):
            print(result)
