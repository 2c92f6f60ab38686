"""What the sources tell of data that one process has, and another one is taken to have."""

from __future__ import annotations

import textwrap

import pytest

from startlab.diagnosis.source.shared_data import changed_copies, lost_updates
from startlab.diagnosis.source.sources import Source


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
    assert lost_updates(source(text)) == lines


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("d[k].append(1)", [3]),
        ("d[k][0] = 1", [3]),
        ("d[k].count += 1", [3]),
        ("d.setdefault(k, []).append(1)", [3]),
        ("d.get(k).sort()", [3]),
        ("x = d[k]\n    x.append(1)", [4]),
        ("x = d[k]\n    x.append(1)\n    d[k] = x", []),
        ("x = d.get(k, [])\n    x[0] = 1\n    d[k] = x", []),
        ("d[k] = 1", []),
        ("d[k] += [1]", []),
        ("x = d[k]\n    x = x.replace(1, 2)", []),
        ("d.append(1)", []),
        ("d[k] = m.list()\n    d[k].append(1)", []),
    ],
)
def test_changes_of_a_copy_from_a_manager(body: str, lines: list[int]) -> None:
    made = "m = multiprocessing.Manager(); d = m.dict()"
    assert changed_copies(source(f"{made}\ndef f(d, k):\n    {body}")) == lines
    assert changed_copies(source(f"d = dict()\ndef f(d, k):\n    {body}")) == []


@pytest.mark.parametrize(
    "given",
    [
        "Process(target=add, args=(1, found))",
        "pool.apply_async(add, (1, found))",
        "executor.submit(add, 1, found)",
        "Pool(2, initializer=add, initargs=(1, found))",
        "add(1, found)",
        "add(1, bag=found)",
    ],
)
def test_what_a_manager_made_is_followed_through_arguments(given: str) -> None:
    text = f"""
        def add(n, bag):
            bag[n].append(1)
        with Manager() as manager:
            found, lock = manager.dict(), manager.Lock()
            {given}
    """
    assert changed_copies(source(text)) == [2]
