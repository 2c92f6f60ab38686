"""What kinds of line a source has."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from startlab.model import Program
from startlab.sources import Source, Sources

if TYPE_CHECKING:
    from pathlib import Path


def source(text: str) -> Source:
    return Source(textwrap.dedent(text).lstrip("\n"))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("counter.value += 1", [1]),
        ("counter.value = counter.value + 1", [1]),
        ("counter.value = 1", []),
        ("with counter.get_lock():\n    counter.value += 1", []),
        ("with self._mutex, other:\n    if x:\n        counter.value -= 1", []),
        ("with open(path):\n    counter.value += 1", [2]),
        ("def f():\n    for n in x:\n        total.value += n", [3]),
        ("a[0] += 1", []),
        ("a = Array('i', 3)\na[0] += 1", [2]),
        ("d = Manager().dict()\nd[k] = d[k] + 1", [2]),
        ("not python (", []),
    ],
)
def test_updates_without_a_lock(text: str, lines: list[int]) -> None:
    assert source(text).lost_updates() == lines


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


def test_a_declared_global_is_changed_by_its_plain_name() -> None:
    assert source("N = 0\ndef f():\n    global N\n    N = 1").changed("N") == 4


def test_calls_of_the_module_itself() -> None:
    assert source("print(1)\nx = f()\ndef g():\n    print(2)\nh()").top_level_calls() == [1, 5]


def test_code_is_quoted_where_it_is_known(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text("a\n    b()  \n" + "c" * 300, "utf-8")
    sources = Sources(Program(kind="script", name="p.py", target="p.py", root=str(tmp_path)))
    assert sources.code("p.py:2") == "b()"
    assert sources.code("p.py:3") == "c" * 100 + "…"
    assert [sources.code(where) for where in ("p.py:9", "q.py:1", "p.py", None)] == [""] * 4
