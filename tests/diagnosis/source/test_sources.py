"""What kinds of line a source has."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from startlab.diagnosis.source.sources import Source, Sources
from startlab.model import Program

if TYPE_CHECKING:
    from pathlib import Path


def source(text: str) -> Source:
    return Source(textwrap.dedent(text).lstrip("\n"))


GLOBALS = source(
    """
    CONFIG = {}
    SEEN, LATE = [], None
    import settings

    def main(argv):
        CONFIG["a"] = 1
        LATE = 2
        settings.DEBUG.level = 3

    def note(name):
        SEEN.append(name)

    if __name__ == "__main__":
        LATE = 4
    """
)


@pytest.mark.parametrize(
    ("name", "assigned", "changed"),
    [
        ("CONFIG", 1, 6),
        ("SEEN", 2, 11),
        ("LATE", 2, 14),  # line 7 has a local name
        ("settings.DEBUG", None, 8),
        ("OTHER", None, None),
    ],
)
def test_where_globals_are_made_and_changed(
    name: str, assigned: int | None, changed: int | None
) -> None:
    assert (GLOBALS.assigned(name), GLOBALS.changed(name)) == (assigned, changed)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("setattr(tool, 'LIMIT', 9)", "tool.LIMIT"),
        ("monkeypatch.setattr(tool, 'LIMIT', 9)", "package.tool.LIMIT"),
        ("monkeypatch.setattr('package.tool.LIMIT', 9)", "package.tool.LIMIT"),
        ("monkeypatch.setitem(tool.SETTINGS, 'level', 1)", "tool.SETTINGS"),
        ("with mock.patch('tool.fetch', return_value=1): pass", "tool.fetch"),
        ("with patch.object(tool, 'fetch'): pass", "tool.fetch"),
        ("with mock.patch.dict(tool.SETTINGS, level=1): pass", "tool.SETTINGS"),
    ],
)
def test_a_global_is_changed_by_who_is_told_its_name(line: str, name: str) -> None:
    assert source(f"def test(monkeypatch):\n    {line}").changed(name) == 2
    assert source(f"def test(monkeypatch):\n    {line}").changed(f"{name}S") is None


@pytest.mark.parametrize("line", ["dict(tool.SETTINGS)", "tool.dispatch(tool.SETTINGS)"])
def test_a_global_is_not_changed_by_who_only_reads_it(line: str) -> None:
    assert source(f"def f():\n    return {line}").changed("tool.SETTINGS") is None


def test_an_iterator_is_changed_by_who_takes_the_next_of_it() -> None:
    assert source("def f():\n    return next(IDS)").changed("IDS") == 2


def test_what_a_class_holds_is_changed_by_its_objects_and_not_by_what_hides_it() -> None:
    of_class = "class Shape:\n    known = {}\n    def __init__(self, name):\n        "
    assert source(f"{of_class}self.known[name] = self").changed("Shape.known") == 4
    assert source(f"{of_class}self.known = {{name: self}}").changed("Shape.known") is None


def test_what_is_registered_by_a_name_is_changed_there() -> None:
    text = "def serve():\n    Queues.register('get_jobs', callable=jobs)"
    assert source(text).changed("Queues.get_jobs") == 2
    assert source(text).changed("Queues.get_results") is None


def test_a_condition_at_the_top_level_is_none_of_the_main_guard() -> None:
    text = "if role() == 'parent':\n    RULES = 8\nif __name__ == '__main__':\n    RULES = 9"
    assert (source(text).condition(2), source(text).condition(4)) == (1, None)


def test_a_declared_global_is_changed_by_its_plain_name() -> None:
    assert source("N = 0\ndef f():\n    global N\n    N = 1").changed("N") == 4


def test_code_is_quoted_where_it_is_known(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text("a\n    b()  \n" + "c" * 300, "utf-8")
    sources = Sources(Program(kind="script", name="p.py", target="p.py", root=str(tmp_path)))
    assert sources.code("p.py:2") == "b()"
    assert sources.code("p.py:3") == "c" * 100 + "…"
    assert [sources.code(where) for where in ("p.py:9", "q.py:1", "p.py", None)] == [""] * 4


LEDGER = """
class Ledger:
    def transfer(self):
        with self.lock, open(path) as out:
            self.withdraw()

    def withdraw(self):
        with self.lock:
            pass

    def deposit(self):
        console.acquire()
        work()
        console.release()
        work()


console = multiprocessing.Lock()
"""


@pytest.mark.parametrize(
    ("line", "taken", "held"),
    [
        (4, set(), {"Ledger.self.lock"}),
        (7, {"Ledger.self.lock"}, set()),
        (11, {"Ledger.console"}, set()),
        (12, set(), {"Ledger.console"}),
        (14, set(), set()),
        (17, set(), set()),
    ],
)
def test_locks_that_a_line_takes_and_runs_under(line: int, taken: set[str], held: set[str]) -> None:
    assert source(LEDGER).locks_at(line) == (taken, held)


def test_a_file_is_not_a_lock() -> None:
    taken, held = source(LEDGER).locks_at(3)
    assert "Ledger.self.lock" in taken
    assert held == set()


def test_a_line_knows_the_function_that_it_is_in() -> None:
    assert [source(LEDGER).function_of(line) for line in (1, 4, 8, 17)] == [None, 2, 6, None]


def test_a_global_of_another_module_is_changed_there(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text("import codecs_\n\ndef main():\n    codecs_.ON.update(a=1)\n")
    (tmp_path / "codecs_.py").write_text("ALL = {}\n\ndef register(x):\n    ALL[x] = x\n")
    sources = Sources(Program(kind="script", name="job", target="job.py", root=str(tmp_path)))
    assert sources.changed("codecs_.ALL") == "codecs_.py:4"
    assert sources.changed("codecs_.ON") == "job.py:4"
    assert sources.changed("other.ALL") is None


def test_a_global_of_another_module_is_changed_by_the_name_that_was_imported(
    tmp_path: Path,
) -> None:
    (tmp_path / "job.py").write_text(
        "def main():\n    from codecs_ import ON\n    ON.add(1)\n    OFF = set()\n    OFF.add(1)\n"
    )
    sources = Sources(Program(kind="script", name="job", target="job.py", root=str(tmp_path)))
    assert sources.changed("codecs_.ON") == "job.py:3"
    assert sources.changed("codecs_.OFF") is None


@pytest.mark.parametrize("file", ["pack/cli.py", "src/pack/cli.py", "pack/cli/__main__.py"])
def test_the_main_module_of_a_package_is_a_file(tmp_path: Path, file: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text("pass\n")
    program = Program(kind="module", name="pack.cli", target="pack.cli", root=str(tmp_path))
    assert Sources(program).main == file
    path.unlink()
    assert Sources(program).main == ""


def test_globals_that_each_process_makes_for_itself() -> None:
    text = """
        WORK = tempfile.mkdtemp()
        OUT = os.path.join(WORK, "out")
        BEGUN = time.time()
        NAME = "x"
        def folder():
            return TemporaryDirectory()
        OTHER = folder()
        if __name__ == "__main__":
            MINE = tempfile.mkdtemp()
    """
    assert source(text).unique() == {"WORK": 1, "OUT": 1, "OTHER": 7}


def test_what_a_function_uses_goes_through_those_that_it_calls() -> None:
    text = """
        def path(name):
            return ROOT / name
        def work(name):
            return read(path(name))
        def other():
            return ELSE
    """
    assert "ROOT" in source(text).used_from(4)
    assert "ELSE" not in source(text).used_from(4)
    assert {"ROOT", "ELSE"} <= source(text).used_from()


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("def f(o):\n    setattr(now, 'a', o)", "now", 2),
        ("def f(o):\n    vars(now).update(o)", "now", 2),
        ("def f(o):\n    getattr(now, 'a')", "now", None),
        ("class A:\n    one = None\n    def get(cls):\n        cls.one = 1", "A.one", 4),
        ("class B:\n    def get(cls):\n        cls.one = 1", "A.one", None),
    ],
)
def test_changes_that_name_no_global(text: str, name: str, line: int | None) -> None:
    assert source(text).changed(name) == line


def test_exceptions_that_pickle_cannot_make_again() -> None:
    text = """
        class Bad(ValueError):
            def __init__(self, row, line):
                super().__init__(f"{row} {line}")
        class Good(Exception):
            def __init__(self, row, line):
                super().__init__(row, line)
        class Also(Exception):
            def __init__(self, *args):
                super().__init__(*args)
        class Own(Exception):
            def __init__(self, row):
                self.row = row
        class Told(Exception):
            def __init__(self, row):
                self.row = row
            def __reduce__(self):
                return Told, (self.row,)
        class Plain:
            def __init__(self, row, line):
                self.row = row
    """
    assert source(text).own_exceptions() == {"Bad": 2}


LOCKED = source(
    """
    import threading

    gate = threading.Lock()

    class Shop:
        def __init__(self):
            self.lock = threading.RLock()
            self.open, self.sold = threading.Event(), 0

        def sell(self):
            with self.lock:
                self.sold = len(self.open.wait(1))

    class Bank:
        def __init__(self):
            self.lock = threading.Lock()

    if __name__ == "__main__":
        with gate:
            print(Shop().sell())
    """
)


@pytest.mark.parametrize(
    ("name", "owner", "line"),
    [
        ("gate", "", 3),
        ("self.lock", "Shop", 7),
        ("self.lock", "Bank", 16),
        ("self.open", "Shop", None),  # what makes it is one of several calls on its line
        ("self.lock", "", None),
        ("other", "", None),
    ],
)
def test_the_line_that_makes_what_a_name_stands_for(
    name: str, owner: str, line: int | None
) -> None:
    assert LOCKED.made(name, owner) == line


def test_a_line_of_the_modules_own_body_holds_locks_too() -> None:
    assert LOCKED.locks_at(20) == (set(), {".gate"})
    assert LOCKED.locks_at(19) == ({".gate"}, set())
    assert LOCKED.locks_at(12) == (set(), {"Shop.self.lock"})


def test_the_methods_that_a_line_calls() -> None:
    assert LOCKED.calls_at(12) == [("self.open", "wait")]
    assert ("Shop()", "sell") in LOCKED.calls_at(20)
    assert LOCKED.owner_of(12) == "Shop"
    assert LOCKED.owner_of(20) == ""
    assert LOCKED.all_mentions(r"\.Lock\(") == [3, 16]


def test_lines_are_counted_as_python_does() -> None:
    """A form feed, which some editors put between parts of a file, begins no line."""
    text = "import os\n\f\ndef work():\n    pass\n"
    assert Source(text).line(3) == "def work():"
    assert Source(text).line(5) == ""


def test_a_file_in_another_encoding_is_understood(tmp_path: Path) -> None:
    text = "# coding: cp1252\nGRÖSSE = {}\n"
    (tmp_path / "a.py").write_bytes(text.encode("cp1252"))
    program = Program(kind="script", name="a.py", target="a.py", root=str(tmp_path))
    there = Sources(program).file("a.py")
    assert there.is_python
    assert there.line(2) == "GRÖSSE = {}"


def test_what_is_no_code_is_not_searched() -> None:
    text = source('''\
        """Call lock.release()."""
        def work():
            """Call
            lock.release() at the end.
            >>> lock.release()"""
            log("done",  # lock.release()
                """

                lock.release() is next"""); lock.acquire()
            lock.release()
        ''')
    assert text.all_mentions(r"\brelease\(") == [5, 10]
    assert text.all_mentions(r"\b(log|acquire)\(") == [6, 9]
