"""Which files are the program's own, where its environment imports them from its folder itself."""

from __future__ import annotations

import msgspec
import pytest

from startlab.judge.paths import Place, own_if_relative, where_in
from startlab.model import Observation, Program, Stream, Unpicklable

PROGRAM = Program(
    kind="script", name="a.py", target="proj/a.py", root="/home/me", folder="proj", cwd="proj"
)
SEEN = Observation(ended="exit", exit_status=0, duration_s=1, work="/scratch/trial-1/work")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("/home/me/proj/src/mine/x.py", "proj/src/mine/x.py"),
        ("/scratch/trial-1/work/proj/a.py", "proj/a.py"),
        (f"{SEEN.work}/proj/mine/../a.py", "proj/a.py"),
        ("a.py", "proj/a.py"),
        ("/home/me/other/x.py", None),
        ("/home/me/proj/env/x.py", None),
        ("/home/me/proj/old/lib/python3.12/site-packages/numpy/__init__.py", None),
        ("/home/me/proj/python/lib/python3.12/threading.py", None),
    ],
)
def test_own_files(file: str, name: str | None) -> None:
    assert Place(SEEN, PROGRAM, "/home/me/proj/env").own(file) == name
    elsewhere = None if file.startswith("/home") else name
    assert Place(SEEN, PROGRAM).own(file) == elsewhere


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mine/x.py", "proj/src/mine/x.py"),
        ("mine/__init__.py", "proj/src/mine/__init__.py"),
        ("tool.py", "proj/src/tool.py"),
        ("mine_too/x.py", None),
        ("lib/mine/x.py", None),
    ],
)
def test_what_was_installed_from_the_project_is_its_own(file: str, name: str | None) -> None:
    program = msgspec.structs.replace(
        PROGRAM, installed={"mine": "proj/src/mine", "tool.py": "proj/src/tool.py"}
    )
    place = "/environment/lib/python3.14/site-packages/"
    stream = Stream(head=f'  File "{place}{file}", line 3, in f\n'.encode())
    seen = Observation(ended="exit", exit_status=0, duration_s=1, work=SEEN.work, stderr=stream)
    assert Place(seen, program).own(place + file) == name
    told = Place(seen, program).seen(seen).stderr.text()
    assert told == f'  File "{name or place + file}", line 3, in f\n'


def test_tracebacks_name_them_as_the_user_knows_them() -> None:
    text = (
        'Traceback (most recent call last):\n  File "/home/me/proj/src/x.py", line 3, in f\n'
        '  File "/home/me/proj/env/lib/y.py", line 4, in g\n/home/me/proj is what it prints\n'
    )
    stream = Stream(head=text.encode())
    seen = Observation(ended="exit", exit_status=0, duration_s=1, work=SEEN.work, stderr=stream)
    told = Place(seen, PROGRAM, "/home/me/proj/env").seen(seen).stderr.text()
    assert told == text.replace("/home/me/proj/src", "proj/src")


def test_frames_of_cython_are_none_of_the_programs() -> None:
    """They have paths as of where their library was built, which are relative."""
    frames = (("p.py", 3), ("pyarrow/error.pxi", 92))
    assert where_in(frames, own_if_relative) == "p.py:3"


def test_every_line_of_a_clue_is_told_as_the_user_knows_it() -> None:
    file = "/home/me/proj/tests/test_x.py"
    clue = Unpicklable(
        given="target=double", type="function",
        where=f"{file}:3", defined=f"{file}:2", function=f"{file}:1",
    )  # fmt: skip
    seen = Observation(ended="exit", exit_status=0, duration_s=1, work=SEEN.work, clues=(clue,))
    (told,) = Place(seen, PROGRAM, "/home/me/proj/env").seen(seen).clues
    assert isinstance(told, Unpicklable)
    short = "proj/tests/test_x.py"
    assert (told.where, told.defined, told.function) == (f"{short}:3", f"{short}:2", f"{short}:1")


def test_paths_of_windows_are_told_as_the_user_knows_them() -> None:
    work = r"C:\Temp\trial-1\work"
    text = (
        f'Traceback (most recent call last):\r\n  File "{work}\\proj\\pkg\\a.py", line 3, in f\r\n'
        f"PermissionError: [WinError 32] in use: {work + chr(92) + 'x'!r}\r\n"
        rf"in {work}\y, C:\Temp\trial-1\tmp\z"
    )
    stream = Stream(head=text.encode())
    seen = Observation(ended="exit", exit_status=1, duration_s=1, work=work, stderr=stream)
    told = Place(seen, PROGRAM).seen(seen).stderr.text()
    assert told == (
        'Traceback (most recent call last):\n  File "proj/pkg/a.py", line 3, in f\n'
        "PermissionError: [WinError 32] in use: 'x'\n"
        r"in y, $TMPDIR\z"
    )
