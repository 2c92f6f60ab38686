"""Where a program calls libraries, by its source."""

from __future__ import annotations

from typing import Final

from startlab.diagnosis.source.calls import Calls
from tests.diagnosis.test_libraries import sources

BY_BOTH: Final = """\
import multiprocessing
import images

def thumb(width):
    return images.noise(width).small()

def main():
    print(thumb(3))
    multiprocessing.Process(target=thumb, args=(4,)).start()

if __name__ == "__main__":
    main()
"""

AT_IMPORT: Final = """\
import multiprocessing
import events

class Shop(multiprocessing.Process):
    def run(self):
        self.producer.send(events.Order())

    producer = events.Producer()

if __name__ == "__main__":
    Shop().start()
"""

BY_CHILDREN: Final = """\
import multiprocessing
import images

def thumb(width):
    return images.noise(width)

if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        print(pool.map(thumb, [1, 2]))
"""


def test_the_first_use_is_the_innermost_line_that_no_child_runs() -> None:
    assert Calls(sources(BY_BOTH)).first_use("images") == "p.py:8"


def test_what_a_class_makes_runs_with_its_module_and_its_methods_do_not() -> None:
    assert Calls(sources(AT_IMPORT)).first_use("events") == "p.py:8"


def test_what_only_children_use_the_first_process_does_not() -> None:
    assert Calls(sources(BY_CHILDREN)).first_use("images") is None


def test_a_line_is_after_another_one_of_its_function_alone() -> None:
    calls = Calls(sources(BY_BOTH))
    assert calls.is_after("p.py:9", ["p.py:8"])
    assert not calls.is_after("p.py:8", ["p.py:9"])
    assert not calls.is_after("p.py:9", ["p.py:5"])
