"""The catalogue: one folder per experiment, with its program and its `experiment.toml`."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

import msgspec
from packaging.markers import InvalidMarker, Marker, UndefinedComparison, default_environment
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from startlab.catalogue import mistakes
from startlab.errors import CatalogueError
from startlab.model import START_METHODS, Check, Expectation, Experiment, Measure, Method
from startlab.plan.environments import IMPLEMENTATIONS, LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from startlab.model import Trial

ROOT: Final = Path(__file__).parent
"""Where the catalogue that ships with startlab is."""

DURATIONS: Final = "durations.json"

GROUPS: Final = {
    "basics": "What multiprocessing promises",
    "locks": "A lock is never released",
    "logging": "Logging and output hang",
    "native": "A native library hangs after a fork",
    "pickling": "Something cannot be sent to another process",
    "main": "The main module runs again, or the child does not find it",
    "state": "The child sees other values than its parent",
    "inherited": "The child has what belongs to its parent: threads, files, sockets, handlers",
    "exit": "Cleanup happens too early, twice or never",
    "workers": "Waits forever under every method: queues, pools, killed workers",
    "refused": "multiprocessing refuses, warns or crashes",
    "cost": "What it costs",
}
"""What goes wrong, in the order of `startlab list`."""

LIBCS: Final = ("glibc", "musl")
VALUES: Final = {
    "implementation_name": tuple(IMPLEMENTATIONS),
    "os_name": ("nt", "posix"),
    "platform_python_implementation": tuple(IMPLEMENTATIONS.values()),
    "platform_system": ("Darwin", "Linux", "Windows"),
    "sys_platform": ("darwin", "linux", "win32"),
}
"""The possible values of some marker variables; with any other a marker is never true."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_COMPARED: Final = (
    re.compile(r'(?P<name>\w+) [=!]= "(?P<value>[^"]*)"'),
    re.compile(r'"(?P<value>[^"]*)" [=!]= (?P<name>\w+)'),
)
"""A variable and its value in a marker, as packaging writes it."""


class _Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a variant changes; everything else is as in its experiment."""

    title: str
    expect: tuple[Expectation, ...]
    program: str | None = None
    args: tuple[str, ...] | None = None
    methods: tuple[Method, ...] | None = None
    force: bool | None = None
    mechanism: str | None = None
    check: Check | None = None
    measure: tuple[Measure, ...] | None = None
    requires: tuple[str, ...] | None = None
    requires_python: str | None = None
    timeout_s: float | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An `experiment.toml`."""

    group: str
    title: str
    claim: str
    mechanism: str
    source: tuple[str, ...]
    expect: tuple[Expectation, ...]
    cure: str = ""
    program: str = "program.py"
    tags: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    methods: tuple[Method, ...] = START_METHODS
    force: bool = True
    exclusive: bool = False
    min_cores: int = 1
    requires: tuple[str, ...] = ()
    requires_python: str = ""
    timeout_s: float | None = None
    check: Check = Check()
    measure: tuple[Measure, ...] = ()
    variants: dict[str, dict[str, Any]] = {}


@cache
def load(root: Path = ROOT) -> tuple[Experiment, ...]:
    """Read every experiment below `root`, each followed by its variants, sorted by name.

    The result is cached. Raises CatalogueError, naming the file, the key and what was expected.
    """
    files = sorted(root.glob("*/experiment.toml"))
    without = {program.parent for program in root.glob("*/*.py")} - {file.parent for file in files}
    if without:
        raise CatalogueError(f"{min(without)} has programs, but no experiment.toml")
    return tuple(experiment for file in files for experiment in read(file, root))


def read(file: Path, root: Path = ROOT) -> tuple[Experiment, ...]:
    """Read one `experiment.toml`: the experiment, then its variants.

    Raises CatalogueError, naming the file, the key and what was expected.
    """
    parsed = mistakes.read(file, _File)
    name = file.parent.name
    check(_NAME.fullmatch(name), file, "the folder's name", "small letters, digits and _", name)
    experiment = Experiment(
        name=name,
        program=f"{name}/{parsed.program}",
        **{
            field: getattr(parsed, field)
            for field in _File.__struct_fields__
            if field not in ("program", "variants")
        },
    )
    variants = (_variant(experiment, key, said, file) for key, said in parsed.variants.items())
    experiments = (experiment, *variants)
    for each in experiments:
        _validate(each, file, root)
    return experiments


def _variant(experiment: Experiment, key: str, table: dict[str, Any], file: Path) -> Experiment:
    check(_NAME.fullmatch(key), file, f"variants.{key}", "small letters, digits and _", key)
    variant = mistakes.convert(table, _Variant, file, f"variants.{key}")
    said = {
        field: value
        for field in _Variant.__struct_fields__
        if (value := getattr(variant, field)) is not None
    }
    program = f"{experiment.name}/{variant.program or key + '.py'}"
    return msgspec.structs.replace(
        experiment, **(said | {"name": f"{experiment.name}:{key}", "program": program})
    )


def _validate(experiment: Experiment, file: Path, root: Path) -> None:
    _, _, variant = experiment.name.partition(":")
    of = f"variants.{variant}." if variant else ""
    program = root / experiment.program
    check(program.is_file(), file, f"{of}program", "a file beside it", program.name)
    check(experiment.expect, file, f"{of}expect", "at least one entry", "none")
    check(experiment.source, file, f"{of}source", "at least one entry", "none")
    check(experiment.group in GROUPS, file, "group", _one_of(GROUPS), experiment.group)
    try:
        SpecifierSet(experiment.requires_python)
    except InvalidSpecifier:
        found = experiment.requires_python
        check(False, file, f"{of}requires_python", "like '>=3.8'", found)  # noqa: FBT003 - it is wrong
    for library in experiment.requires:
        check(library in LIBRARIES, file, f"{of}requires", _one_of(LIBRARIES), library)
    for number, expectation in enumerate(experiment.expect):
        _validate_entry(expectation, file, mistakes.entry(f"{of}expect", number))
    for number, measure in enumerate(experiment.measure):
        key = f"{mistakes.entry(f'{of}measure', number)}, pattern"
        groups = _compile(measure.pattern, file, key).groups
        check(groups, file, key, "a group around the values", measure.pattern)


def _validate_entry(expectation: Expectation, file: Path, key: str) -> None:
    check(expectation.outcome, file, f"{key}, outcome", "at least one outcome", "none")
    low, high = expectation.frequency or (0, 1)
    in_range = 0 <= low <= high <= 1
    check(in_range, file, f"{key}, frequency", "a range in 0 to 1", f"{low}, {high}")
    libc = expectation.libc
    if libc is not None:  # its version may follow
        check(libc.partition(" ")[0] in LIBCS, file, f"{key}, libc", _one_of(LIBCS), libc)
    if expectation.when is not None:
        check_marker(expectation.when, file, f"{key}, when")
    for pattern_key in ("exception", "stdout"):
        pattern = getattr(expectation, pattern_key)
        if pattern is not None:
            _compile(pattern, file, f"{key}, {pattern_key}")


def _one_of(words: Iterable[str]) -> str:
    return f"one of {', '.join(words)}"


def _compile(pattern: str, file: Path, key: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        expected = f"a regular expression ({error})"
        raise CatalogueError(f"{file}: {key}: expected {expected}, found {pattern!r}") from None


def check_marker(when: str, file: Path, key: str) -> None:
    """Raise CatalogueError, naming file and key, if a marker (PEP 508) is invalid or never true."""
    try:
        marker = Marker(when)
        marker.evaluate()
    except (InvalidMarker, UndefinedComparison) as error:
        variables = f"; variables: {', '.join(default_environment())}"
        why = str(error).splitlines()[0] + (variables if isinstance(error, InvalidMarker) else "")
        raise CatalogueError(
            f"{file}: {key}: expected a PEP 508 marker ({why}), found {when!r}"
        ) from None
    for pattern in _COMPARED:
        for match in pattern.finditer(str(marker)):
            name, value = match["name"], match["value"]
            known = VALUES.get(name, (value,))
            check(value in known, file, f"{key}, {name}", _one_of(known), value)


def check(right: object, file: Path, key: str, expected: str, found: str) -> None:
    """Raise CatalogueError, naming file and key, unless `right` is true."""
    if not right:
        raise CatalogueError(f"{file}: {key}: expected {expected}, found {found!r}")


@cache
def digest(root: Path = ROOT) -> str:
    """Return the hash of everything that outcomes depend on: programs and expectations."""
    whole = hashlib.sha256()
    for file in sorted(root.glob("*/*")):
        if file.suffix in (".py", ".toml"):
            whole.update(f"{file.relative_to(root).as_posix()}\0".encode())
            whole.update(file.read_bytes().replace(b"\r\n", b"\n"))  # as git has it on Windows
    return whole.hexdigest()[:12]


@cache
def durations() -> dict[str, float]:
    """Read how long a trial of each experiment took in an earlier run, in seconds.

    They are part of the catalogue, so that the same catalogue always gives the same shards.
    """
    return msgspec.json.decode((ROOT / DURATIONS).read_bytes(), type=dict[str, float])


def learn(trials: Iterable[Trial]) -> bytes:
    """Return a new `durations.json`: the means of the run's experiments, the others as before."""
    seconds: dict[str, list[float]] = {}
    for trial in trials:
        if trial.outcome not in ("unsupported", "unavailable"):
            seconds.setdefault(trial.experiment, []).append(trial.duration_s)
    means = {name: round(fmean(each), 3) for name, each in seconds.items()}
    return msgspec.json.format(msgspec.json.encode(durations() | means, order="sorted")) + b"\n"
