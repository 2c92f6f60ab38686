"""Runs from many machines → one run, by the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from startlab import __version__
from startlab.errors import JournalError, SelectionError
from startlab.model import SCHEMA_VERSION, CauseExperiment, Cell, End, PlannedEnvironment, RunHeader
from startlab.results import journal
from startlab.results.trials import by_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from startlab.model import Environment, Run, Trial

SYSTEMS: Final = {"win32": "windows", "darwin": "macos"}

_Names = Mapping[tuple[int, str], str]
"""The merged name of an environment, by the number of its run and its name there."""


class _Part(NamedTuple):
    """A run to be merged, as kept in memory; its trials are read again, one run at a time.

    `ran` are the cells that were run.
    """

    path: Path
    header: RunHeader
    environments: tuple[PlannedEnvironment, ...]
    ends: tuple[End, ...]
    experiments: tuple[CauseExperiment, ...]
    caveats: tuple[str, ...]
    ran: frozenset[Cell]


def merge(
    runs: Sequence[Path],
    folder: Path,
    *,
    plan: Iterable[Cell] = (),
    allow_different_catalogues: bool = False,
) -> tuple[str, ...]:
    """Merge `runs` into one in `folder`; return what could not be read.

    Its plan has the cells of all of them, of other shards of the same plan, and of `plan`: a cell
    that no run has is missing. Several runs of a cell become several trials of it; that it was
    unavailable in one of them does not count if another ran it. Different environments with the
    same name get different names: `host-3.13@windows`.

    A `folder` that holds just that merge is left as it is: whoever was killed before the reports
    were written merges once more. Raises SelectionError if it holds another run, or for runs that
    cannot be merged, JournalError if none can be read.
    """
    parts, unread = _read(runs)
    sources = [source for part in parts for source in _sources(part)]
    _refuse_what_does_not_fit(parts, allow_different_catalogues=allow_different_catalogues)
    names = _names(parts)
    ran = {_renamed(cell, number, names) for number, part in enumerate(parts) for cell in part.ran}
    caveats = (*unread, *(each for part in parts for each in part.caveats), *_absent(sources))
    planned = tuple(_plan(parts, names, plan))
    if (folder / journal.NAME).exists():
        _see_that_it_is(folder, parts, sources, planned)
        return unread
    with journal.as_a_whole(folder) as journal_file:
        journal_file.write(_header(parts, sources, caveats))
        for environment in planned:
            journal_file.write(environment)
        counts: Counter[Cell] = Counter()
        for number, part in enumerate(parts):
            for trial in journal.read_as_written(part.path).trials:
                cell = _renamed(trial.cell, number, names)
                if trial.outcome == "unavailable" and cell in ran:
                    continue
                journal_file.write(_trial(trial, cell, counts[cell]))
                counts[cell] += 1
        for part in parts:
            for made in part.experiments:
                journal_file.write(made)
            for end in part.ends:
                journal_file.write(end)
    return unread


def _see_that_it_is(
    folder: Path,
    parts: Sequence[_Part],
    sources: Sequence[RunHeader],
    planned: tuple[PlannedEnvironment, ...],
) -> None:
    """Raise SelectionError where the run in a folder is not the same merge, of the same trials."""
    there = journal.read_as_written(folder)
    same = (there.header.merged, there.environments) == (tuple(sources), planned)
    if not same or _changed_s(folder) < max(_changed_s(part.path) for part in parts):
        raise SelectionError(f"{folder} holds a run already; choose another folder, or move it.")


def _changed_s(run: Path) -> float:
    return journal.find(run).stat().st_mtime


def _read(runs: Sequence[Path]) -> tuple[list[_Part], tuple[str, ...]]:
    """Read every run that can be read; return why the others cannot."""
    parts: list[_Part] = []
    unread: list[str] = []
    for path in runs:
        try:
            run = journal.read_as_written(path)
        except JournalError as error:
            unread.append(f"A run was skipped: {error}")
            continue
        parts.append(_part(path, run))
    if not parts:
        raise JournalError("None of the runs can be read:\n" + "\n".join(unread))
    return parts, tuple(unread)


def _part(path: Path, run: Run) -> _Part:
    old = run.header.caveats
    return _Part(
        path=path,
        header=run.header,
        environments=run.environments,
        ends=run.ends,
        experiments=run.experiments,
        caveats=(*old, *(f"{path}: {caveat}" for caveat in run.caveats[len(old) :])),
        ran=frozenset(
            cell
            for cell, trials in by_cell(run)
            if any(trial.outcome != "unavailable" for trial in trials)
        ),
    )


def _sources(part: _Part) -> Iterator[RunHeader]:
    """Yield the runs that a run is made of, without the program's sources."""
    for source in part.header.merged or (part.header,):
        program = source.program
        alone = program and msgspec.structs.replace(program, sources={})
        yield msgspec.structs.replace(source, program=alone)


# --- what cannot be merged ---------------------------------------------------------------------


def _refuse_what_does_not_fit(parts: Sequence[_Part], *, allow_different_catalogues: bool) -> None:
    _refuse_the_same_twice(parts)
    _refuse_different_programs(parts)
    if not allow_different_catalogues:
        _refuse_different_catalogues(parts)


def _refuse_the_same_twice(parts: Sequence[_Part]) -> None:
    seen: dict[bytes, Path] = {}
    for part in parts:
        for source in _sources(part):
            if source.startlab == "?":
                continue  # its header is missing, so its id is unknown
            other = seen.setdefault(msgspec.json.encode(source), part.path)
            if other is not part.path:
                raise SelectionError(
                    f"{other} and {part.path} both contain the run {source.id}: "
                    "its trials would count twice. Give it once."
                )


def _refuse_different_catalogues(parts: Sequence[_Part]) -> None:
    versions: dict[str, list[str]] = {}
    for part in parts:
        versions.setdefault(part.header.catalogue, []).append(str(part.path))
    if len(versions) > 1:
        what = "; ".join(f"{version}: {', '.join(paths)}" for version, paths in versions.items())
        raise SelectionError(
            "These runs are of different versions of the catalogue, so the same name may mean "
            f"different programs and expectations ({what}). Run them again with one version of "
            "startlab, or merge them as they are with --allow-different-catalogues."
        )


def _refuse_different_programs(parts: Sequence[_Part]) -> None:
    """Refuse to merge different programs of the same name, or a program and the catalogue."""
    first, *others = parts
    for other in others:
        if _program(first) != _program(other):
            raise SelectionError(
                f"{first.path} and {other.path} are not runs of the same thing: the first is of "
                f"{_program(first)}, the other of {_program(other)}. Merge runs of one program, "
                "unchanged, or runs of the lab."
            )


def _program(part: _Part) -> str:
    program = part.header.program
    return f"{program.command} ({program.digest})" if program else "the lab"


# --- the plan ----------------------------------------------------------------------------------


def _names(parts: Sequence[_Part]) -> _Names:
    """Name the environments of all runs, so that different ones get different names."""
    found: dict[str, list[tuple[int, Environment]]] = {}
    for number, part in enumerate(parts):
        for planned in part.environments:
            if planned.environment is not None:
                found.setdefault(planned.name, []).append((number, planned.environment))
    names: dict[tuple[int, str], str] = {}
    for name, group in found.items():
        facts = [_facts(environment) for _, environment in group]
        telling = [i for i, values in enumerate(zip(*facts, strict=True)) if len(set(values)) > 1]
        for (number, _), values in zip(group, facts, strict=True):
            if telling:
                names[number, name] = f"{name}@{'-'.join(values[i] for i in telling)}"
    return names


def _facts(environment: Environment) -> tuple[str, ...]:
    """Return what distinguishes environments, the most significant first."""
    return (
        SYSTEMS.get(environment.sys_platform, environment.sys_platform),
        environment.machine,
        environment.implementation,
        environment.python,
        environment.libc.replace(" ", ""),
        "free-threaded" if environment.free_threaded else "gil",
    )


def _renamed(cell: Cell, part: int, names: _Names) -> Cell:
    name = names.get((part, cell.environment))
    return cell if name is None else msgspec.structs.replace(cell, environment=name)


def _plan(
    parts: Sequence[_Part], names: _Names, plan: Iterable[Cell]
) -> Iterator[PlannedEnvironment]:
    environments: dict[str, PlannedEnvironment] = {}
    cells: dict[str, dict[Cell, None]] = {}
    for number, part in enumerate(parts):
        for planned in part.environments:
            name = names.get((number, planned.name), planned.name)
            if environments.get(name, planned).environment is None or name not in environments:
                environments[name] = planned
            mine = (_renamed(cell, number, names) for cell in (*planned.cells, *planned.elsewhere))
            cells.setdefault(name, {}).update(dict.fromkeys(mine))
    for cell in plan:
        environments.setdefault(cell.environment, PlannedEnvironment(name="", cells=()))
        cells.setdefault(cell.environment, {})[cell] = None
    for name, planned in environments.items():
        environment = planned.environment
        yield PlannedEnvironment(
            name=name,
            cells=tuple(cells[name]),
            environment=environment and msgspec.structs.replace(environment, name=name),
            unavailable=planned.unavailable,
        )


def _absent(sources: Iterable[RunHeader]) -> Iterator[str]:
    """Yield a caveat for shards of a plan that are not among the runs."""
    shards: dict[tuple[bytes, int], set[int]] = {}
    for source in sources:
        if source.selection.shard is not None:
            number, of = source.selection.shard
            plan = msgspec.structs.replace(source.selection, shard=None)
            shards.setdefault((msgspec.json.encode(plan), of), set()).add(number)
    for (_, of), there in shards.items():
        absent = sorted(set(range(1, of + 1)) - there)
        if absent:
            which = ", ".join(f"{number}/{of}" for number in absent)
            yield f"Not every shard of the plan is here: missing are {which}."


# --- the records -------------------------------------------------------------------------------


def _header(
    parts: Sequence[_Part], sources: Sequence[RunHeader], caveats: tuple[str, ...]
) -> RunHeader:
    first = parts[0].header
    selections = {msgspec.json.encode(source.selection): source.selection for source in sources}
    selection = next(iter(selections.values()))
    catalogues = dict.fromkeys(part.header.catalogue for part in parts)
    return msgspec.structs.replace(
        first,
        id=journal.new_id(),
        schema_version=SCHEMA_VERSION,
        startlab=__version__,
        catalogue="+".join(catalogues),
        started=min(source.started for source in sources),
        selection=msgspec.structs.replace(selection, shard=None),
        host={},
        merged=tuple(sources),
        caveats=caveats,
    )


def _trial(trial: Trial, cell: Cell, number: int) -> Trial:
    return msgspec.structs.replace(trial, environment=cell.environment, trial=number)
