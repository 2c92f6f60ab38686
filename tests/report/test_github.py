"""A run in a log of GitHub Actions."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from rich.console import Console

from startlab.diagnosis import Diagnosis, diagnose
from startlab.model import Program
from startlab.report import github, terminal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "work, space"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "crawl.py").touch()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def errors(run: Any) -> list[str]:
    return list(github.errors(run, diagnose(run)))


def run_of_a_program(make: Any, root: Path, **said: Any) -> Any:
    each = make.cell("crawl.py")
    run = make.run([each], make.deviation(each, **{"reason": "waits", **said}))
    program = Program(kind="script", name="crawl.py", target="crawl.py", root=str(root))
    header = msgspec.structs.replace(run.header, program=program)
    return msgspec.structs.replace(run, header=header)


def test_an_error_stands_at_its_line_of_the_repository(make: Any, workspace: Path) -> None:
    run = run_of_a_program(make, workspace / "src", where="crawl.py:7", reproduce="startlab run x")
    assert list(errors(run)) == [
        (
            "::error file=src/crawl.py,line=7,title=Hangs under fork%3A waits::"
            "Certainty: suspected: recognized, not confirmed by experiment%0A"
            "Seen in: host-3.13 × fork%0AReproduce: startlab run x"
        )
    ]


@pytest.mark.parametrize(
    "where", ["/etc/passwd:1", "../../x.py:1", "nowhere.py:1", "crawl.py", ":", "\0:1", "x" * 9999]
)
def test_what_is_no_line_of_the_repository_is_told_without(
    make: Any, workspace: Path, where: str
) -> None:
    (command,) = errors(run_of_a_program(make, workspace / "src", where=where))
    assert command.startswith("::error title=")


def test_a_message_cannot_end_its_command_nor_begin_another(make: Any) -> None:
    hostile = "100%\r\n::set-output name=a::b,c:d"
    each = make.cell(hostile)
    run = make.run([each], make.deviation(each, reason=hostile))
    (command,) = errors(run)
    title, _, message = command.removeprefix("::error title=").partition("::")
    assert title == "100%25\\r%0A\\x3a%3Aset-output name=a%3A%3Ab%2Cc%3Ad%3A hang"
    assert message.startswith("100%25\\r%0A\\x3a:set-output name=a::b,c:d%0A")
    assert "\n" not in command
    assert "\r" not in command


def test_each_reason_is_one_annotation_and_no_more_than_github_shows(make: Any) -> None:
    cells = [make.cell(f"x{number}", f"host-3.{m}") for number in range(30) for m in (9, 13)]
    trials = [make.deviation(each, reason=each.experiment) for each in cells]
    commands = list(errors(make.run(cells, *trials)))
    assert len(commands) == 10
    assert "x0 × host-3.9 × fork, x0 × host-3.13 × fork" in commands[0]
    (missing,) = errors(make.run(cells))
    assert missing.startswith("::error title=60 cells%3A missing::planned, and never run%0A")


def test_the_table_is_folded_and_the_rest_is_not(make: Any) -> None:
    file = io.StringIO()
    each = make.cell()
    terminal.show(
        make.run([each], make.deviation(each, reason="waits")), Diagnosis(), Console(file=file)
    )
    lines = file.getvalue().splitlines()
    assert lines[0] == "::group::1 cells"
    folded = lines[1 : lines.index("::endgroup::")]
    assert any("HANG" in line for line in folded)
    rest = lines[len(folded) + 2 :]
    assert any("waits" in line for line in rest)
    assert any(line.startswith("::error ") for line in rest)


def test_progress_is_folded() -> None:
    file = io.StringIO()
    with terminal.Follower(Console(file=file)) as follower:
        follower.say("hello")
    assert file.getvalue() == "::group::Progress\nhello\n::endgroup::\n"


def test_elsewhere_nothing_is_a_command(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    file = io.StringIO()
    each = make.cell()
    terminal.show(make.run([each], make.deviation(each)), Diagnosis(), Console(file=file))
    assert "::" not in file.getvalue()
