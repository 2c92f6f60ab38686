from functools import singledispatch
from multiprocessing import Pool


class Box:
    pass


@singledispatch
def describe(value):
    return "something"


def check_description():
    # finds: setting_differs error forkserver spawn
    @describe.register(Box)
    def of_box(value):
        return "a box"

    with Pool(1) as pool:
        assert pool.map(describe, [Box()]) == ["a box"]


if __name__ == "__main__":
    check_description()
