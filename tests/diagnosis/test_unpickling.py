"""What is called as something is unpickled, and what is called while something is read."""

from __future__ import annotations

import textwrap

import pytest

from startlab.diagnosis.case import Case
from startlab.diagnosis.rules import unpickling_fails
from startlab.diagnosis.source.sources import Sources
from startlab.model import Program, Trial

PROGRAM = Program(kind="script", name="p.py", target="p.py", root="/nowhere")
LIBRARY = "/usr/lib/python3.12/multiprocessing"


def called_by(file: str, line: int, code: str) -> bool:
    """Tell whether the rule sees an object unpickled where the library's line calls the program."""
    stderr = textwrap.dedent(f"""\
        Process Process-1:
        Traceback (most recent call last):
          File "{LIBRARY}/process.py", line 314, in _bootstrap
            self.run()
          File "{LIBRARY}/{file}", line {line}, in get
        {code}
          File "p.py", line 7, in found
            raise KeyError(name)
        KeyError: 'name'
        """)
    trial = Trial(
        experiment="p.py", environment="host-3.12", method="spawn", trial=0, outcome="error",
        reason="", as_expected=False, expected=("ok",), stderr=stderr,
    )  # fmt: skip
    return unpickling_fails.find(Case(trial, Sources(PROGRAM))) is not None


@pytest.mark.parametrize(
    ("file", "line", "code"),
    [
        ("queues.py", 122, "    return _ForkingPickler.loads(res)"),
        ("connection.py", 251, "    return _ForkingPickler.loads(buf.getbuffer())"),
        ("spawn.py", 132, "    self = reduction.pickle.load(from_parent)"),
        ("spawn.py", 132, "    self = reduction.pickle.load(from_parent)\n           ^^^^^^^^^"),
    ],
)
def test_what_unpickles_is_known_by_its_line(file: str, line: int, code: str) -> None:
    assert called_by(file, line, code)


@pytest.mark.parametrize(
    ("file", "line", "code"),
    [
        ("queues.py", 102, "    with self._rlock:"),
        ("connection.py", 395, "    chunk = read(handle, remaining)"),
        ("connection.py", 395, "    chunk = read(handle, remaining)\n            ^^^^^^^^^^^^^^^"),
    ],
)
def test_a_signals_handler_that_comes_in_a_read_unpickles_nothing(
    file: str, line: int, code: str
) -> None:
    assert not called_by(file, line, code)
