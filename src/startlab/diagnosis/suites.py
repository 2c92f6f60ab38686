"""The causes of what goes wrong in a suite: of each test by itself, and then each cause once."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

import msgspec

from startlab.diagnosis import findings
from startlab.diagnosis.rules import MECHANISMS
from startlab.results.summary import WELL
from startlab.results.trials import ends, of_test

if TYPE_CHECKING:
    from collections.abc import Iterator

    from startlab.diagnosis.rule import Rules
    from startlab.model import Finding, Method, Run, Trial


def is_suite(run: Run) -> bool:
    """Whether the cells of a run are a suite's tests."""
    program = run.header.program
    return program is not None and any(cell.experiment != program.name for cell in run.planned)


def find(run: Run, rules: Rules) -> tuple[Finding, ...]:
    """Find the causes; those of different tests are one if they are told alike, of one line.

    What cannot be handed over is one cause in all tests that try it, at whichever line. Notes are
    left out: a test is not about what is harmless in it.
    """
    found: dict[tuple[str, str | None, str], Finding] = {}
    broken = _broken(run)
    for part in _parts(run):
        for each in findings.find(part, rules, broken=broken):
            if each.note:
                continue
            key = (each.mechanism, each.where, each.title)
            if each.where and MECHANISMS[each.mechanism].of_object:
                key = (each.mechanism, None, each.title.replace(each.where, ""))
            same = found.get(key)
            cells = each.cells if same is None else (*same.cells, *each.cells)
            found[key] = msgspec.structs.replace(same or each, cells=cells)
    return tuple(found.values())


def _broken(run: Run) -> frozenset[Method]:
    """Give the start methods that break a test which is ok under another one.

    To set one of them for the suite would be no way out for another test.
    """
    tests: dict[str, dict[bool, set[Method]]] = {}
    for trial in run.trials:
        if trial.outcome not in ("unsupported", "unavailable"):
            ended = tests.setdefault(trial.experiment, {True: set(), False: set()})
            ended[trial.outcome in WELL].add(trial.method)
    return frozenset(method for ended in tests.values() if ended[True] for method in ended[False])


def _parts(run: Run) -> Iterator[Run]:
    """Give for each test that fails a run of it, with what was tried of one that ends alike.

    A fixture that has failed raises the same again for each test that asks for it: what was seen of
    that is what was seen of the first.
    """
    program = run.header.program
    tests: dict[str, list[Trial]] = {}
    for trial in run.trials:
        tests.setdefault(trial.experiment, []).append(trial)
    ended = {test: ends(trials) for test, trials in tests.items()}
    first: dict[tuple[object, ...], Trial] = {}
    for trial in run.trials:
        if trial.exception is not None and trial.starts:
            first.setdefault(_raised(trial), trial)
    for test, trials in tests.items():
        if program is None or all(each.outcome == "ok" for each in trials):
            continue
        one = program
        if test != program.name:
            file = posixpath.normpath(posixpath.join(program.folder, test.partition("::")[0]))
            one = msgspec.structs.replace(program, kind="test", name=test, target=file, args=())
        alike = (each for each in run.experiments if ended.get(each.test) == ended[test])
        part = of_test(run, test, one)
        told = tuple(_as_at_first(trial, first.get(_raised(trial))) for trial in part.trials)
        yield msgspec.structs.replace(part, trials=told, experiments=tuple(alike))


def _as_at_first(trial: Trial, first: Trial | None) -> Trial:
    if first is None or trial.starts:
        return trial
    return msgspec.structs.replace(
        trial, starts=first.starts, method_used=first.method_used, clues=first.clues
    )


def _raised(trial: Trial) -> tuple[object, ...]:
    """Tell by what a trial ended, and where: an exception's words may have an object's address."""
    return trial.environment, trial.method, trial.exception, trial.where
