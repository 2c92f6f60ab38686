"""What a person wants to know: where the program is safe, and where it breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from packaging.version import Version

from startlab.diagnosis.phrases import listed, prints, versions
from startlab.diagnosis.rules import MECHANISMS
from startlab.model import START_METHODS
from startlab.results.output_groups import grouped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from startlab.model import Cell, Finding, Run


FORKSERVER_DEFAULT: Final = Version("3.14")
"""From here on the fork server, and no longer fork, is Linux's default (gh-84559)."""

BEYOND: Final = (
    "spawn on Linux runs what Windows and macOS run, but is not them: paths, handles and "
    "inherited descriptors, os.fork, macOS's own libraries (which die in forked children) and a "
    "frozen executable's endless starts are not tried here. startlab does on GitHub Actions, on "
    "all three: `startlab plan --github` and the workflow in its README."
)


def answer(run: Run, findings: Sequence[Finding]) -> str:
    """Answer in one line what was asked: where the program is safe, and where it breaks."""
    return _Answer(run, findings).line()


def beyond(run: Run) -> str | None:
    """Say what was not tried of Windows and macOS, if they were not run."""
    platforms = {each.environment.sys_platform for each in run.environments if each.environment}
    return BEYOND if platforms and not {"win32", "darwin"} & platforms else None


class _Answer:
    """What each start method came to, over all environments."""

    def __init__(self, run: Run, findings: Sequence[Finding]) -> None:
        told = [(each, MECHANISMS[each.mechanism]) for each in findings]
        self._real = [each for each, of in told if not each.note and of.by_method]
        self._by_python = [each for each, of in told if not of.by_method]
        self._notes = [each for each, of in told if each.note and of.explains]
        self._environments = {
            each.name: each.environment for each in run.environments if each.environment
        }
        self._trials = [
            trial
            for trial in grouped(run).trials
            if trial.outcome not in ("unsupported", "unavailable")
        ]
        self._bad = {each.cell for finding in self._real for each in finding.cells}
        self._missing = len(set(run.planned) - {trial.cell for trial in run.trials})

    def line(self) -> str:
        if not self._trials:
            return "Nothing could be run."
        verdict = self._verdict()
        if self._by_python:
            verdict = f"{verdict.rstrip('.')}; its output depends on the Python, see above."
        return verdict + (f" {self._missing} planned cells were not run." if self._missing else "")

    def _verdict(self) -> str:
        tried = [m for m in (*START_METHODS, "default") if self._cells(m)]
        on = versions(self._environments, {trial.environment for trial in self._trials})
        used = {method for trial in self._trials for method in trial.method_used}
        if not self._bad:
            return self._safe(tried, used, on)
        chosen = self._chosen(used)
        broken = [m for m in tried if self._cells(m) & self._bad]
        safe = [m for m in tried if m not in broken]
        first = self._real[0]
        if not any(MECHANISMS[each.mechanism].explains for each in self._real):
            return self._unexplained(first, broken)
        if chosen:
            return f"Breaks; the program itself chooses {chosen}: {_clause(first)}."
        if not safe and self._everywhere(first):
            return (
                f"Breaks under every start method: the program, not the method: {_clause(first)}."
            )
        if not safe:
            return f"{self._where_broken(broken)}; no start method is safe on Python {on}."
        places = len({each.where for each in self._real if each.where})
        mend = f"mend {places} place{'s' if places > 1 else ''}" if places else ""
        if all(each.outcome == "ok" for each in self._real):
            head = (
                f"Depends on the start method: {prints(broken)} other lines than {listed(safe)}; "
                + (f"{mend}, or pin one" if mend else "pin one")
            )
        else:
            pin = "pin it" if len(safe) == 1 else "pin one of them"
            head = f"{listed(safe)} only: {pin}" + (f", or {mend}" if mend else "")
        return f"{head}; {self._where_broken(broken)}."

    def _unexplained(self, finding: Finding, among: Sequence[str]) -> str:
        """Say what is seen, and blame no start method for what has no known cause."""
        where = "every start method" if self._everywhere(finding) else listed(list(among))
        said = MECHANISMS[finding.mechanism].answer
        return said.format(where=where, clause=_clause(finding))

    def _safe(self, tried: Sequence[str], used: Collection[str], on: str) -> str:
        short = _short_range(on)
        if self._by_python:
            return f"No start method breaks it on {short}"
        if self._notes:
            first, more = self._notes[0].title, len(self._notes) - 1
            short += f", but note ({more + 1}): {first[0].lower()}{first[1:]}" if more else (
                f", but note: {first[0].lower()}{first[1:]}"
            )  # fmt: skip
        if not used:
            return f"Safe: it starts no process by multiprocessing, on {short}."
        if chosen := self._chosen(used):
            return f"Safe: the program itself chooses {chosen}, on {short}."
        if set(tried) >= set(START_METHODS):
            return f"Safe under every start method on {short}."
        return f"Safe under {listed(list(tried))} on {short}."

    def _chosen(self, used: Collection[str]) -> str | None:
        """Give the one method that was used, also where another was asked for."""
        other = any(
            trial.method != "default" and trial.method not in trial.method_used
            for trial in self._trials
            if trial.method_used
        )
        return next(iter(used)) if other and len(used) == 1 else None

    def _everywhere(self, finding: Finding) -> bool:
        return {each.cell for each in finding.cells} == {trial.cell for trial in self._trials}

    def _cells(self, method: str) -> set[Cell]:
        return {trial.cell for trial in self._trials if trial.method == method}

    def _where_broken(self, broken: Sequence[str]) -> str:
        """Say on which platforms a person meets it: those whose default the method is."""
        parts = []
        spawn = self._first("spawn", lambda _: True)
        if "spawn" in broken and spawn:
            parts.append(f"breaks on Windows and macOS{self._partly('spawn')}: {_clause(spawn)}")
        server = self._first("forkserver", lambda each: each >= FORKSERVER_DEFAULT)
        only_old = "forkserver" in broken and server is None
        if server:
            same = spawn and server.title == spawn.title
            parts.append(
                "breaks on Python 3.14 and later for Linux"
                + (": the same" if same else f": {_clause(server)}")
            )
        elif only_old:
            parts += self._from_fork_server(spawn)
        fork = self._first("fork", lambda _: True)
        if "fork" in broken and fork:
            on = self._partly("fork") or " up to Python 3.13"
            parts.append(f"breaks on Linux{on} (fork): {_clause(fork)}")
        return "; ".join(parts) or f"breaks under {listed(list(broken))}"

    def _from_fork_server(self, spawn: Finding | None) -> list[str]:
        """Say of the fork server, Python 3.14's default, what older Pythons have shown."""
        pythons = {name: Version(each.python) for name, each in self._environments.items()}
        found = self._first("forkserver", lambda _: True)
        if found is None or (newest := max(pythons.values())) >= FORKSERVER_DEFAULT:
            return []
        same = spawn is not None and found.title == spawn.title
        cells = self._cells("forkserver") & self._bad
        broken = {pythons.get(cell.environment) for cell in cells}  # a journal may lack one
        if newest not in broken:
            partly = self._partly("forkserver")
            return [f"the same under forkserver{partly}"] if same else [
                f"breaks under forkserver{partly}: {_clause(found)}"
            ]  # fmt: skip
        if same:
            return ["and, with forkserver, from Python 3.14 on for Linux"]
        return [f"breaks under forkserver, the default of Python 3.14: {_clause(found)}"]

    def _partly(self, method: str) -> str:
        """Name the Pythons on which a method breaks, if not all that were tried do."""
        cells = self._cells(method)
        broken = {cell.environment for cell in cells & self._bad}
        if broken == {cell.environment for cell in cells}:
            return ""
        return f" with Python {versions(self._environments, broken)}"

    def _first(self, method: str, version: Callable[[Version], bool]) -> Finding | None:
        """Give the first finding about a method in an environment of some versions."""
        for finding in self._real:
            for each in finding.cells:
                environment = self._environments.get(each.cell.environment)
                meant = each.cell.method == method and environment is not None
                if meant and environment and version(Version(environment.python)):
                    return finding
        return None


def _clause(finding: Finding) -> str:
    """Give the cause alone, without where it shows."""
    return finding.title.partition(": ")[2] or finding.title


def _short_range(text: str) -> str:
    """Give `3.9 to 3.15` for `3.9.18 to 3.15.0`."""
    return re.sub(r"\b(\d+\.\d+)\.\d+\w*", r"\1", text)
