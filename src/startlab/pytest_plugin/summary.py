"""What the tests of a suite come to under each start method."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from startlab.diagnosis.phrases import either, listed
from startlab.model import PinnedMethod

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from startlab.model import Observation, StartMethod

WELL: Final = ("passed", "skipped", "xfailed")
FEW: Final = 3
MOST: Final = 20
"""Tests that are named for one thing."""

VERBS: Final = {"hang": "hangs", "crash": "crashes"}
"""What a test does that comes to an outcome; with any other it fails."""

READY: Final = {
    "forkserver": "forkserver (3.14's default on Linux)",
    "spawn": "spawn (Windows and macOS)",
    "fork": "fork",
}


class Known(NamedTuple):
    """What the cache of pytest holds: the tests that use the default start method, those that
    choose one, and the one that the suite itself chooses for all, with the line where it does.
    """  # noqa: D205 - one sentence

    users: Mapping[str, object]
    own: Mapping[str, list[str]]
    pinned: str | None = None
    where: str | None = None

    @classmethod
    def of(cls, said: object) -> Known:
        """Read what is in the cache; anything else counts as nothing."""
        if not isinstance(said, dict):
            return cls({}, {})
        users, own = said.get("users"), said.get("own")
        return cls(
            dict.fromkeys(users) if isinstance(users, list) else {},
            own if isinstance(own, dict) else {},
            said.get("pinned"),
            said.get("where"),
        )

    def plain(self) -> dict[str, object]:
        """Give it as JSON has it."""
        return {
            "users": sorted(self.users),
            "own": dict(self.own),
            "pinned": self.pinned,
            "where": self.where,
        }


class Tally:
    """Counts the tests, from their reports."""

    def __init__(self, methods: Sequence[StartMethod], known: Known, root: Path) -> None:
        self._root = root
        self._methods = methods
        self._before = known
        self._used: dict[str, set[str]] = {}
        self._own: dict[str, list[str]] = {}
        self._outcomes: dict[str, dict[str, str]] = {}
        self._causes: dict[str, dict[str, None]] = {}
        self._pinned: tuple[str, str | None] | None = None

    def pinned(self, method: str | None, seen: Observation) -> None:
        """Note the start method that the suite itself has chosen for all tests."""
        if method is None or self._pinned is not None:
            return
        where = next(
            (getattr(clue, "where", None) for clue in seen.clues if _chooses(clue, method)), None
        )
        if where is not None and Path(where).is_relative_to(self._root):
            where = str(Path(where).relative_to(self._root))
        self._pinned = (method, where)

    @property
    def is_pinned(self) -> bool:
        """Whether the suite itself has chosen a start method."""
        return self._pinned is not None

    def add(self, report: Any) -> None:
        """Count a report; it may come from a worker of pytest-xdist."""
        facts = getattr(report, "startlab", None)
        if not facts:
            return
        test, method, outcome = facts["test"], facts["method"], facts["outcome"]
        self._used.setdefault(test, set()).add(facts["used"])
        if facts["used"] == "own":
            self._own[test] = facts["methods"]
        before = self._outcomes.setdefault(test, {}).get(method, "passed")
        if before in ("passed", "skipped"):
            self._outcomes[test][method] = outcome
        if facts["cause"]:
            self._causes.setdefault(facts["cause"], {})[test] = None

    def known(self) -> Known:
        """Give what is known now: of tests that were not run, what was known before."""
        users = {test: None for test, how in self._used.items() if how & {"default"}}
        users |= {test: None for test in self._before.users if test not in self._used}
        own = {
            test: methods for test, methods in self._before.own.items() if test not in self._used
        }
        pinned = self._pinned or (None, None)
        return Known(users, own | self._own, *pinned)

    def lines(self) -> list[str]:
        """Give the lines of the summary."""
        run = {  # what is skipped tells nothing
            test: {method: how for method, how in found.items() if how != "skipped"}
            for test, found in self._outcomes.items()
            if "default" in self._used[test] or "exit" in self._used[test] or len(found) > 1
        }
        lines = self._chosen()
        if not run:
            if not lines:
                lines.append("No test that was run uses multiprocessing.")
            return lines
        users = [test for test in run if "exit" not in self._used[test]]
        verb = "uses" if len(users) == 1 else "use"
        lines.append(
            f"{_tests(len(users))} {verb} the default start method; run under "
            f"{listed(self._methods)}."
        )
        alike = [
            f"{cause}: {_some(list(tests))}"
            for cause, tests in self._causes.items()
            if len(tests) > 1
        ]
        for heading, said in (*_failing(run), ("Have a cause in common:", alike)):
            lines += [heading, *(f"  {each}" for each in said)] if said else []
        return [*lines, *self._ready(run)]

    def _chosen(self) -> list[str]:
        """Say where a start method is chosen, by the suite or by tests."""
        lines = []
        if self._pinned is not None:
            method, where = self._pinned
            at = f" at {where}" if where else ""
            lines.append(f"The suite itself chooses {method}{at}: its tests were run once.")
        elif self._own:
            names = sorted(self._own)
            verb = "chooses a start method itself" if len(names) == 1 else "choose one themselves"
            lines.append(f"{_tests(len(names))} {verb}: {_some(names, FEW)}")
        return lines

    def _ready(self, run: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
        for method in self._methods:
            if method == "fork" or not any(method in found for found in run.values()):
                continue
            bad = [
                test
                for test, found in run.items()
                if found.get(method, "passed") not in WELL
                and any(each == "passed" for each in found.values())
            ]
            said = f"Ready for {READY[method]}"
            fail = "fails" if len(bad) == 1 else "fail"
            yield f"{said}: {'yes' if not bad else f'no, {_tests(len(bad))} {fail}'}."


def _chooses(clue: object, method: str) -> bool:
    return (
        isinstance(clue, PinnedMethod) and clue.method == method and clue.by == "set_start_method"
    )


def _failing(run: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """Give the tests that fail, each with how it does, under headings that say where."""
    somewhere, everywhere, only = [], [], []
    for test, found in sorted(run.items()):
        bad = [each for each in found if found[each] not in WELL]
        if not bad:
            continue
        if len(bad) < len(found):
            somewhere.append(f"{test}: {_how(found, bad)}")
        elif len(found) > 1:
            everywhere.append(f"{test}: {_how(found, bad)}")
        else:
            only.append(f"{test}: {_how(found, bad)}")
    yield "Depend on the start method:", somewhere
    yield "Fail under every start method, so that is not the cause:", everywhere
    yield "Fail, and were run under one start method only:", only


def _how(found: Mapping[str, str], bad: Sequence[str]) -> str:
    kinds: dict[str, list[str]] = {}
    for method in bad:
        kinds.setdefault(VERBS.get(found[method], "fails"), []).append(method)
    said = "; ".join(f"{verb} under {listed(methods)}" for verb, methods in kinds.items())
    good = [each for each in found if each not in bad]
    return said + (f", not under {either(good)}" if good else "")


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"


def _some(names: Sequence[str], most: int = MOST) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
