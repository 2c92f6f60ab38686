"""What a run saw, as a diff of the catalogue: applied, the run is as expected."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest

from startlab import catalogue
from startlab.catalogue import update
from startlab.judge.expectation import expected
from startlab.model import (
    Cell,
    DeviationKind,
    Environment,
    Expectation,
    Method,
    Outcome,
    PlannedEnvironment,
    PythonException,
    Run,
    RunHeader,
    Selection,
    Trial,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEAD = """\
group = "locks"
title = "A title"
claim = "A claim."
mechanism = "A mechanism."
source = ["https://example.org"]

"""
LINUX = """\
# What Linux does.
[[expect]]
when = "sys_platform == 'linux'"
outcome = ["ok"]  # measured
"""
REST = """
# What was never measured.
[[expect]]
outcome = ["ok"]
unmeasured = true
"""
HANG: tuple[Outcome, ...] = ("hang",)
OK: tuple[Outcome, ...] = ("ok",)
VERSIONS = ("3.12.1", "3.13.0", "3.14.8")


class Seen:
    """A catalogue of one experiment, and a run of it."""

    def __init__(self, root: Path, environment: Environment) -> None:
        self.root = root
        self.file = root / "lock" / "experiment.toml"
        self.file.parent.mkdir()
        (root / "lock" / "program.py").touch()
        (root / "lock" / "cure.py").touch()
        self.environments = {
            version: msgspec.structs.replace(
                environment, name=f"host-{version.rpartition('.')[0]}", python=version
            )
            for version in VERSIONS
        }
        self.trials: list[Trial] = []

    def write(self, text: str) -> None:
        self.file.write_text(HEAD + text, "utf-8")

    def see(
        self,
        version: str,
        *outcomes: Outcome,
        method: Method = "fork",
        name: str = "lock",
        exception: str | None = None,
        reason: str = "",
        deviation: DeviationKind | None = None,
    ) -> None:
        environment = self.environments[version]
        entry = self.entry(version, method, name)
        for number, outcome in enumerate(outcomes):
            self.trials.append(
                Trial(
                    experiment=name, environment=environment.name, method=method, trial=number,
                    outcome=outcome, reason=reason, deviation=deviation,
                    as_expected=entry is not None and outcome in entry.outcome and not reason,
                    expected=None if entry is None else entry.outcome,
                    frequency=None if entry is None else entry.frequency,
                    exception=PythonException(type=exception, message="m") if exception else None,
                )
            )  # fmt: skip

    def entry(
        self, version: str, method: Method = "fork", name: str = "lock"
    ) -> Expectation | None:
        every = {each.name: each for each in catalogue.read(self.file, self.root)}
        environment = self.environments[version]
        cell = Cell(experiment=name, environment=environment.name, method=method)
        return expected(every[name].expect, environment, cell)

    def propose(self) -> update.Proposal:
        header = RunHeader(
            id="id", schema_version=1, startlab="1", catalogue="c", started="now",
            backend="native", selection=Selection(),
        )  # fmt: skip
        planned = tuple(
            PlannedEnvironment(
                name=each.name,
                environment=each,
                cells=tuple({t.cell: None for t in self.trials if t.environment == each.name}),
            )
            for each in self.environments.values()
        )
        run = Run(header=header, environments=planned, trials=tuple(self.trials), ends=())
        return update.propose(run, self.root)

    def apply(self, proposal: update.Proposal) -> str:
        """Apply a proposal as the user does, and return the file."""
        patch = shutil.which("patch")
        if patch is None:
            pytest.skip("there is no patch(1) here")
        diff = proposal.diff.replace(f"a/{self.file}", "x").replace(f"b/{self.file}", "x")
        subprocess.run(
            [patch, "-s", str(self.file)], input=diff, text=True, check=True, timeout=300
        )
        return self.file.read_text("utf-8").removeprefix(HEAD)


@pytest.fixture
def seen(tmp_path: Path, environment: Environment) -> Seen:
    return Seen(tmp_path, environment)


def test_as_expected_is_no_proposal(seen: Seen) -> None:
    seen.write(LINUX + REST)
    seen.see("3.13.0", "ok")
    assert seen.propose() == ((), ())


def test_where_all_agree_the_entry_itself_is_changed(seen: Seen) -> None:
    seen.write(LINUX + REST)
    for version in VERSIONS:
        seen.see(version, "hang")
    text = seen.apply(seen.propose())
    assert text == (LINUX + REST).replace('["ok"]  # measured', '["hang"]  # measured')


def test_where_some_do_they_get_an_entry_before_it(seen: Seen) -> None:
    seen.write(LINUX + REST)
    seen.see("3.12.1", "ok")
    seen.see("3.13.0", "error", method="spawn", exception="pickle.PicklingError")
    seen.see("3.14.8", "error", method="spawn", exception="pickle.PicklingError")
    text = seen.apply(seen.propose())
    assert text == (
        '[[expect]]\nmethod = ["spawn"]\n'
        "when = \"sys_platform == 'linux' and (python_full_version == '3.13.0' or "
        "python_full_version == '3.14.8')\"\n"
        "outcome = [\"error\"]\nexception = '^pickle\\.PicklingError\\b'\n\n" + LINUX + REST
    )
    entry = seen.entry("3.14.8", "spawn")
    assert entry is not None
    assert entry.outcome == ("error",)
    assert seen.entry("3.14.8", "fork") == seen.entry("3.12.1", "fork")


def test_one_environment_alone_changes_nothing_for_others(seen: Seen) -> None:
    seen.write(LINUX + REST)
    seen.see("3.13.0", "hang")
    seen.apply(seen.propose())
    outcomes = {version: seen.entry(version) for version in VERSIONS}
    assert {v: e.outcome for v, e in outcomes.items() if e} == {
        "3.12.1": ("ok",), "3.13.0": ("hang",), "3.14.8": ("ok",),
    }  # fmt: skip


def test_what_was_measured_now_is_no_longer_unmeasured(seen: Seen) -> None:
    seen.write(REST.lstrip("\n"))
    seen.see("3.13.0", "ok")
    text = seen.apply(seen.propose())
    assert text == (
        '[[expect]]\nmethod = ["fork"]\n'
        "when = \"sys_platform == 'linux' and python_full_version == '3.13.0'\"\n"
        'outcome = ["ok"]\n\n' + REST.lstrip("\n")
    )
    measured, other = seen.entry("3.13.0"), seen.entry("3.14.8")
    assert measured is not None
    assert other is not None
    assert (measured.unmeasured, other.unmeasured) == (False, True)


def test_what_was_measured_under_wine_stays_unmeasured_for_windows(seen: Seen) -> None:
    seen.write(REST.lstrip("\n"))
    windows = msgspec.structs.replace(seen.environments["3.13.0"], sys_platform="win32")
    seen.environments["3.13.0"] = msgspec.structs.replace(windows, wine="8.0")
    seen.see("3.13.0", "hang", method="spawn")
    text = seen.apply(seen.propose())
    assert text == (
        '[[expect]]\nmethod = ["spawn"]\n'
        "when = \"sys_platform == 'win32' and python_full_version == '3.13.0'\"\nwine = true\n"
        'outcome = ["hang"]\n\n' + REST.lstrip("\n")
    )
    measured = seen.entry("3.13.0", "spawn")
    assert measured is not None
    assert measured.outcome == HANG
    seen.environments["3.13.0"] = windows
    other = seen.entry("3.13.0", "spawn")
    assert other is not None
    assert other.unmeasured


def test_a_cell_without_an_expectation_gets_one_at_the_end(seen: Seen) -> None:
    seen.write(LINUX.replace("'linux'", "'win32'") + "# the end\n")
    seen.see("3.13.0", "crash")
    text = seen.apply(seen.propose())
    assert text.endswith('outcome = ["crash"]\n# the end\n')
    entry = seen.entry("3.13.0")
    assert entry is not None
    assert entry.outcome == ("crash",)


def test_a_variant_has_entries_of_its_own(seen: Seen) -> None:
    cure = '\n[variants.cure]\ntitle = "The cure"\n\n[[variants.cure.expect]]\noutcome = ["ok"]\n'
    seen.write(LINUX + cure)
    for version in VERSIONS:
        seen.see(version, "hang", name="lock:cure")
    text = seen.apply(seen.propose())
    assert text == LINUX + cure.replace('["ok"]', '["hang"]')


def test_a_flip_becomes_a_range(seen: Seen) -> None:
    seen.write(LINUX + REST)
    seen.see("3.13.0", *(HANG * 15 + OK * 5))
    seen.apply(seen.propose())
    entry = seen.entry("3.13.0")
    assert entry is not None
    assert entry.outcome == ("hang", "ok")
    low, high = entry.frequency or (0.0, 0.0)
    assert 0.5 < low < 0.75 < high < 0.9


def test_a_race_that_left_its_range_gets_the_one_that_was_seen(seen: Seen) -> None:
    seen.write(LINUX.replace('["ok"]', '["hang", "ok"]') + "frequency = [0.9, 1.0]\n")
    for version in VERSIONS:
        seen.see(version, *(HANG * 2 + OK * 18))
    text = seen.apply(seen.propose())
    assert text == LINUX.replace('["ok"]', '["hang", "ok"]') + "frequency = [0.02, 0.31]\n"


def test_another_exception_than_expected(seen: Seen) -> None:
    seen.write(LINUX.replace('["ok"]', '["error"]') + 'exception = "KeyError"\n')
    for version in VERSIONS:
        seen.see(version, "error", exception="EOFError",
                 reason="expected an exception like 'KeyError'", deviation="exception")  # fmt: skip
    text = seen.apply(seen.propose())
    assert text == LINUX.replace('["ok"]', '["error"]') + "exception = '^EOFError\\b'\n"


def test_another_output_is_for_a_person_to_look_at(seen: Seen) -> None:
    seen.write(LINUX + 'stdout = "fr"\n')
    for version in VERSIONS:
        seen.see(version, "ok", reason="expected stdout like 'fr'")
    proposal = seen.propose()
    assert proposal.diff == ""
    assert proposal.by_hand == ("lock × host-3.12 × fork and 2 more: expected stdout like 'fr'",)


def test_entries_that_are_written_inline_are_left_to_a_person(seen: Seen) -> None:
    seen.write("expect = [{outcome = ['ok']}]\n")
    seen.see("3.13.0", "hang")
    proposal = seen.propose()
    assert proposal.diff == ""
    assert proposal.by_hand == (
        f"{seen.file} has no [[expect]] that could be changed: do so by hand",
    )


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_what_is_written_is_what_the_diff_says_with_the_line_ends_of_the_file(
    seen: Seen, ends: bytes
) -> None:
    seen.write(LINUX + REST)
    seen.file.write_bytes((HEAD + LINUX + REST).encode().replace(b"\n", ends))
    for version in VERSIONS:
        seen.see(version, "hang")
    (edited,) = seen.propose().files
    assert edited.file == seen.file
    edited.write()
    after = (HEAD + LINUX + REST).replace('["ok"]  # measured', '["hang"]  # measured')
    assert seen.file.read_bytes() == after.encode().replace(b"\n", ends)
    assert edited.before + "|" + edited.after == HEAD + LINUX + REST + "|" + after


def test_what_would_change_more_than_entries_is_left_to_a_person(seen: Seen) -> None:
    seen.write(f'cure = """\n{LINUX}"""\n' + LINUX + REST)
    seen.see("3.13.0", "hang")
    proposal = seen.propose()
    assert proposal.files == ()
    assert proposal.by_hand == (
        f"{seen.file} has a form in which more than [[expect]] would change: do so by hand",
    )


@pytest.mark.parametrize("outcomes", [(), ("unavailable",), ("unsupported",), ("undecided",)])
def test_what_was_not_run_proposes_nothing(seen: Seen, outcomes: Sequence[Outcome]) -> None:
    seen.write(LINUX + REST)
    seen.see("3.13.0", *outcomes)
    assert seen.propose() == ((), ())


def test_every_entry_that_ships_can_be_found() -> None:
    for each in catalogue.load():
        name, _, variant = each.name.partition(":")
        file = catalogue.ROOT / name / "experiment.toml"
        lines = file.read_text("utf-8").splitlines(keepends=True)
        assert len(update._heads(lines, variant)) == len(each.expect), each.name
