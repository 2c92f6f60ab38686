"""Proposed changes of the catalogue's expectations after a run, for review.

If a run saw an unexpected outcome in every environment of an entry, the entry is changed; if only
in some, an entry for exactly those is inserted before it. What had never been measured and was as
expected gets an entry of its own that says where.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import tomlkit

from startlab import catalogue
from startlab.catalogue.claims import SPEAKING
from startlab.judge.expectation import expected
from startlab.model import METHODS, Expectation
from startlab.plan.environments import sort_key
from startlab.results.summary import summarise, wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from startlab.model import Cell, Environment, Experiment, Method, Outcome, Run, Trial

_HEADER: Final = re.compile(r"\[\[(?:variants\.(?P<variant>\w+)\.)?expect\]\]\s*(?:#.*)?\n?")
_LOOSE: Final = ("exception", "stdout", "method_used", "frequency", "unmeasured")
"""Keys of an entry that describe its outcome, and are dropped if it changes."""


class Edited(NamedTuple):
    """An `experiment.toml` before and after the change, with line ends of one character."""

    file: Path
    before: str
    after: str

    def write(self) -> None:
        """Write the new text to the file, with the file's own line ends.

        Raises OSError if it cannot be written.
        """
        ends = "\r\n" if b"\r\n" in self.file.read_bytes() else "\n"
        self.file.write_bytes(self.after.replace("\n", ends).encode())


class Proposal(NamedTuple):
    """The files that would change, and what must be edited by hand."""

    files: tuple[Edited, ...]
    by_hand: tuple[str, ...]

    @property
    def diff(self) -> str:
        """All of it as one unified diff."""
        return "".join(_diff(*each) for each in self.files)


class _Seen(NamedTuple):
    """What was seen in a cell, as an entry would say it."""

    outcome: tuple[Outcome, ...]
    exception: str | None = None
    frequency: tuple[float, float] | None = None

    def keys(self) -> dict[str, Any]:
        """Return the keys of an entry that expects this."""
        return {key: value for key, value in self._asdict().items() if value is not None}


class _Sight(NamedTuple):
    """A cell that was run, and what was seen there; None if the entry expects it."""

    method: Method
    environment: Environment
    seen: _Seen | None


class _Insert(NamedTuple):
    """An entry to insert before another; at the end if `at` is their number."""

    at: int
    keys: dict[str, Any]


class _Change(NamedTuple):
    """An entry whose expectation changes."""

    at: int
    seen: _Seen


def propose(run: Run, root: Path = catalogue.ROOT) -> Proposal:
    """Propose what the expectations of a catalogue should be, going by a run."""
    left: dict[str, list[Cell]] = {}
    # The files as they are now, not as when the run began: entries are identified by number.
    files_now = root.glob("*/experiment.toml")
    experiments = {each.name: each for file in files_now for each in catalogue.read(file, root)}
    sights = _sights(run, experiments, left)
    edits: dict[Path, dict[str, list[_Insert | _Change]]] = defaultdict(dict)
    for experiment, by_entry in sights.items():
        name, _, variant = experiment.name.partition(":")
        found = [e for at, cells in by_entry.items() for e in _edits(experiment, at, cells)]
        if found:
            edits[root / name / "experiment.toml"][variant] = found
    files = []
    by_hand = [_note(cells, why) for why, cells in left.items()]
    for file, by_variant in edits.items():
        before = file.read_text("utf-8")
        try:
            after = _edit(before, by_variant)
        except ValueError as error:
            by_hand.append(f"{file} {error}")
        else:
            files.append(Edited(file, before, after))
    return Proposal(tuple(files), tuple(by_hand))


# --- what was seen -----------------------------------------------------------------------------


def _sights(
    run: Run, experiments: Mapping[str, Experiment], left: dict[str, list[Cell]]
) -> dict[Experiment, dict[int, list[_Sight]]]:
    """Group what was seen by the entry that it concerns, by its index in the experiment's."""
    environments = {each.name: each.environment for each in run.environments if each.environment}
    sights: dict[Experiment, dict[int, list[_Sight]]] = {}
    for summary in summarise(run):
        cell = summary.cell
        experiment = experiments.get(cell.experiment)
        environment = environments.get(cell.environment)
        trials = [trial for trial in summary.trials if trial.outcome in SPEAKING]
        if experiment is None or environment is None or not trials:
            continue
        entry = expected(experiment.expect, environment, cell)
        at = len(experiment.expect) if entry is None else experiment.expect.index(entry)
        seen = None
        if not summary.as_expected:
            seen = _seen(trials, entry)
            if seen is None:
                left.setdefault(_first_line(summary.reason), []).append(cell)
                continue
        by_entry = sights.setdefault(experiment, {})
        by_entry.setdefault(at, []).append(_Sight(cell.method, environment, seen))
    return sights


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _note(cells: Sequence[Cell], why: str) -> str:
    first = f"{cells[0].experiment} × {cells[0].environment} × {cells[0].method}"
    more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
    return f"{first}{more}: {why}"


def _seen(trials: Sequence[Trial], entry: Expectation | None) -> _Seen | None:
    """Return what an entry must expect; None if only the output or the method differs.

    An unexpected output does not become an expectation: it needs a review.
    """
    counts = Counter(trial.outcome for trial in trials)
    outcome = tuple(each for each, _ in counts.most_common())
    frequency = _range(counts[outcome[0]], len(trials)) if len(counts) > 1 else None
    types = {trial.exception.type for trial in trials if trial.exception is not None}
    exception = f"^{re.escape(types.pop())}\\b" if "error" in outcome and len(types) == 1 else None
    if entry is None or not set(outcome) <= set(entry.outcome):
        return _Seen(outcome, exception, frequency)
    odd = [trial for trial in trials if not trial.as_expected]
    if not odd and entry.frequency is not None:
        return _Seen(entry.outcome, None, _range(counts[entry.outcome[0]], len(trials)))
    if exception and odd and all(trial.deviation == "exception" for trial in odd):
        return _Seen(outcome, exception, frequency)
    return None


def _range(count: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, rounded outwards to whole percent."""
    low, high = wilson(count, of)
    return math.floor(low * 100) / 100, math.ceil(high * 100) / 100


# --- what to change ----------------------------------------------------------------------------


def _edits(
    experiment: Experiment, at: int, sights: Sequence[_Sight]
) -> Iterator[_Insert | _Change]:
    """Yield the changes for one entry, from all that was seen in the cells that it matched."""
    entry = experiment.expect[at] if at < len(experiment.expect) else None
    deviating = [each for each in sights if each.seen is not None]
    under_wine = any(each.environment.wine for each in sights)
    if entry and not entry.unmeasured and len(deviating) == len(sights) and not under_wine:
        agreed = {each.seen for each in deviating}
        several = len({each.environment.name for each in deviating}) > 1
        if several and len(agreed) == 1 and (seen := agreed.pop()) is not None:
            yield _Change(at, seen)
            return
    wanted = deviating if entry is None or not entry.unmeasured else sights
    groups: dict[tuple[_Seen | None, tuple[Method, ...], bool], list[Environment]] = {}
    for (seen, name), methods in _by_environment(wanted).items():
        environment = next(each.environment for each in wanted if each.environment.name == name)
        groups.setdefault((seen, methods, bool(environment.wine)), []).append(environment)
    for (seen, methods, _), environments in groups.items():
        which = {"method": methods} if set(methods) != set(experiment.methods) else {}
        yield _Insert(at, which | _narrow(entry, seen, environments))


def _by_environment(
    sights: Iterable[_Sight],
) -> dict[tuple[_Seen | None, str], tuple[Method, ...]]:
    methods: dict[tuple[_Seen | None, str], list[Method]] = {}
    for each in sights:
        methods.setdefault((each.seen, each.environment.name), []).append(each.method)
    return {key: tuple(sorted(each, key=METHODS.index)) for key, each in methods.items()}


def _narrow(
    entry: Expectation | None,
    seen: _Seen | None,
    environments: Sequence[Environment],
) -> dict[str, Any]:
    """Return the keys of an entry for exactly some environments."""
    keys: dict[str, Any] = {"when": _marker(environments)}
    if len({each.free_threaded for each in environments}) == 1 and (
        environments[0].free_threaded or (entry and entry.free_threaded is not None)
    ):
        keys["free_threaded"] = environments[0].free_threaded
    if environments[0].wine:  # of Windows itself it tells nothing
        keys["wine"] = True
    if entry is not None and entry.libc is not None:
        keys["libc"] = entry.libc
    if seen is not None:
        return keys | seen.keys()
    said = {
        key: getattr(entry, key)
        for key in ("outcome", *_LOOSE)
        if key != "unmeasured" and getattr(entry, key) is not None
    }
    return keys | said


def _marker(environments: Sequence[Environment]) -> str:
    """Return a PEP 508 marker of exactly these platforms and versions."""
    versions: dict[str, dict[str, None]] = {}
    for each in sorted(environments, key=lambda each: sort_key(each.name)):
        versions.setdefault(each.sys_platform, {})[each.python] = None
    parts = []
    for platform, of in versions.items():
        exactly = " or ".join(f"python_full_version == '{version}'" for version in of)
        exactly = f"({exactly})" if len(of) > 1 else exactly
        parts.append(f"sys_platform == '{platform}' and {exactly}")
    return " or ".join(f"({part})" for part in parts) if len(parts) > 1 else parts[0]


# --- the file ----------------------------------------------------------------------------------


def _edit(text: str, edits: Mapping[str, Sequence[_Insert | _Change]]) -> str:
    """Make the changes in the text of an `experiment.toml`; everything else stays as it is.

    Raises ValueError if the file cannot be edited.
    """
    lines = text.splitlines(keepends=True)
    blocks: list[tuple[int, int, list[str]]] = []  # first line, line after the last, new lines
    for variant, each in edits.items():
        heads = _heads(lines, variant)
        prefix = f"variants.{variant}." if variant else ""
        for edit in each:
            after = len(heads) == edit.at
            if not heads or edit.at > len(heads):
                raise ValueError(f"has no [[{prefix}expect]] that could be changed: do so by hand")
            start = heads[edit.at - after]
            end = _end(lines, start)
            if isinstance(edit, _Change):
                entry = _changed("".join(lines[start:end]), edit.seen)
                blocks.append((start, end, [entry]))
            elif after:
                blocks.append((end, end, ["\n", _entry(prefix, edit.keys)]))
            else:
                start = _above_comments(lines, start)
                blocks.append((start, start, [_entry(prefix, edit.keys), "\n"]))
    for start, end, new in sorted(blocks, key=lambda block: block[:2], reverse=True):
        lines[start:end] = new
    edited = "".join(lines)
    if _without_expectations(edited) != _without_expectations(text):
        raise ValueError("has a form in which more than [[expect]] would change: do so by hand")
    return edited


def _without_expectations(text: str) -> dict[str, Any]:
    said = tomllib.loads(text)
    for each in (said, *said.get("variants", {}).values()):
        each.pop("expect", None)
    return said


def _heads(lines: Sequence[str], variant: str) -> list[int]:
    """Find the lines that begin the entries of an experiment, or of a variant of it."""
    matches = ((number, _HEADER.fullmatch(line)) for number, line in enumerate(lines))
    return [number for number, match in matches if match and (match["variant"] or "") == variant]


def _end(lines: Sequence[str], start: int) -> int:
    """Find the end of an entry: the next table, without the comments and blank lines before it."""
    end = start + 1
    while end < len(lines) and not lines[end].startswith("["):
        end += 1
    while not lines[end - 1].strip() or lines[end - 1].startswith("#"):
        end -= 1
    return end


def _above_comments(lines: Sequence[str], start: int) -> int:
    while start and lines[start - 1].startswith("#"):
        start -= 1
    return start


def _changed(text: str, seen: _Seen) -> str:
    """Change what an entry expects."""
    document = tomlkit.parse(text)
    entry: Any = document
    for key in _HEADER.match(text)[0].split("]]")[0].strip("[").split("."):  # type: ignore[index]
        entry = entry[key]
    for key in _LOOSE:
        entry[0].pop(key, None)
    for key, value in seen.keys().items():
        entry[0][key] = _item(value)
    return tomlkit.dumps(document)


def _entry(prefix: str, keys: Mapping[str, Any]) -> str:
    table = [f"{key} = {_item(value).as_string()}\n" for key, value in keys.items()]
    return f"[[{prefix}expect]]\n" + "".join(table)


def _item(value: object) -> tomlkit.items.Item:
    if isinstance(value, str) and "\\" in value and "'" not in value:
        return tomlkit.string(value, literal=True)
    item: tomlkit.items.Item = tomlkit.item(msgspec.to_builtins(value))
    return item


def _diff(file: Path, before: str, after: str) -> str:
    try:
        name = file.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        name = file.as_posix()
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{name}",
        f"b/{name}",
    )
    return "".join(lines)
