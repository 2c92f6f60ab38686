"""The catalogue: one folder per experiment, with its program and its `experiment.toml`."""

from __future__ import annotations

import hashlib
import re
import tomllib
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

import msgspec
from packaging.markers import InvalidMarker, Marker, UndefinedComparison
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from startlab.environments import LIBRARIES
from startlab.errors import CatalogueError
from startlab.model import START_METHODS, Check, Expectation, Experiment, Measure, Method

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
    "inherited": "The child has what should not be its own: threads, files, sockets, handlers",
    "exit": "Cleaning up comes too early, twice or never",
    "workers": "Waits for ever under every method: queues, pools, killed workers",
    "refused": "multiprocessing refuses, warns or crashes",
    "cost": "What it costs",
}
"""What goes wrong, in the order in which a person reads of it."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


class _Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a variant says of itself; for the rest it is as its experiment."""

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
    variants: dict[str, _Variant] = {}


@cache
def load(root: Path = ROOT) -> tuple[Experiment, ...]:
    """Read every experiment below `root`, with its variants behind it, by name.

    A catalogue is read once. Raises CatalogueError, naming the file, the key and what was expected.
    """
    return tuple(
        experiment
        for file in sorted(root.glob("*/experiment.toml"))
        for experiment in read(file, root)
    )


def read(file: Path, root: Path = ROOT) -> tuple[Experiment, ...]:
    """Read one `experiment.toml`: the experiment, then its variants.

    Raises CatalogueError, naming the file, the key and what was expected.
    """
    try:
        parsed = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{file}: {in_toml_words(str(error))}") from None
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
    variants = (
        _variant(experiment, key, variant, file) for key, variant in parsed.variants.items()
    )
    experiments = (experiment, *variants)
    for each in experiments:
        _validate(each, file, root)
    return experiments


def _variant(experiment: Experiment, key: str, variant: _Variant, file: Path) -> Experiment:
    check(_NAME.fullmatch(key), file, f"variants.{key}", "small letters, digits and _", key)
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
    of = f" of {experiment.name}" if ":" in experiment.name else ""
    program = root / experiment.program
    check(program.is_file(), file, f"program{of}", "a file beside it", program.name)
    check(experiment.expect, file, f"expect{of}", "at least one entry", "none")
    check(experiment.source, file, f"source{of}", "at least one entry", "none")
    check(experiment.group in GROUPS, file, "group", f"of {', '.join(GROUPS)}", experiment.group)
    try:
        SpecifierSet(experiment.requires_python)
    except InvalidSpecifier:
        found = experiment.requires_python
        check(False, file, f"requires_python{of}", "like '>=3.8'", found)  # noqa: FBT003 - it is wrong
    for library in experiment.requires:
        check(library in LIBRARIES, file, f"requires{of}", f"of {', '.join(LIBRARIES)}", library)
    for number, expectation in enumerate(experiment.expect):
        key = f"expect[{number}]"
        check(expectation.outcome, file, f"{key}.outcome{of}", "at least one outcome", "none")
        low, high = expectation.frequency or (0, 1)
        in_range = 0 <= low <= high <= 1
        check(in_range, file, f"{key}.frequency{of}", "a range in 0 to 1", f"{low}, {high}")
        if expectation.when is not None:
            check_marker(expectation.when, file, f"{key}.when{of}")
        for pattern_key in ("exception", "stdout"):
            pattern = getattr(expectation, pattern_key)
            if pattern is not None:
                _compile(pattern, file, f"{key}.{pattern_key}{of}")
    for number, measure in enumerate(experiment.measure):
        key = f"measure[{number}].pattern{of}"
        groups = _compile(measure.pattern, file, key).groups
        check(groups, file, key, "a group around the values", measure.pattern)


def _compile(pattern: str, file: Path, key: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        expected = f"a regular expression ({error})"
        raise CatalogueError(f"{file}: {key}: expected {expected}, found {pattern!r}") from None


def check_marker(when: str, file: Path, key: str) -> None:
    """Raise CatalogueError, naming file and key, if a text is no PEP 508 marker."""
    try:
        Marker(when).evaluate()
    except (InvalidMarker, UndefinedComparison) as error:
        expected = f"a PEP 508 marker ({str(error).splitlines()[0]})"
        raise CatalogueError(f"{file}: {key}: expected {expected}, found {when!r}") from None


def check(right: object, file: Path, key: str, expected: str, found: str) -> None:
    """Raise CatalogueError, naming file and key, if something is not right."""
    if not right:
        raise CatalogueError(f"{file}: {key}: expected {expected}, found {found!r}")


def in_toml_words(message: str) -> str:
    """Put a key as a person writes it: `expect[0].outcome`, not `$.expect[0].outcome`."""
    message = message.replace("`", "")
    if " - at " in message:
        what, _, where = message.partition(" - at ")
        return f"{where.replace('$.', '').replace('$', 'the file')}: {what}"
    return message


@cache
def digest(root: Path = ROOT) -> str:
    """Give the hash of all that the catalogue's outcomes depend on: programs and expectations."""
    whole = hashlib.sha256()
    for file in sorted(root.glob("*/*")):
        if file.suffix in (".py", ".toml"):
            whole.update(f"{file.relative_to(root).as_posix()}\0".encode())
            whole.update(file.read_bytes().replace(b"\r\n", b"\n"))  # as git has it on Windows
    return whole.hexdigest()[:12]


@cache
def durations() -> dict[str, float]:
    """Read what a trial of each experiment took in an earlier run, in seconds.

    They are part of the catalogue, so that whoever has the same one gets the same shards.
    """
    return msgspec.json.decode((ROOT / DURATIONS).read_bytes(), type=dict[str, float])


def learn(trials: Iterable[Trial]) -> bytes:
    """Give the `durations.json` of a run: the means of its experiments, the others as before."""
    seconds: dict[str, list[float]] = {}
    for trial in trials:
        if trial.outcome not in ("unsupported", "unavailable"):
            seconds.setdefault(trial.experiment, []).append(trial.duration_s)
    means = {name: round(fmean(each), 3) for name, each in seconds.items()}
    return msgspec.json.format(msgspec.json.encode(durations() | means, order="sorted")) + b"\n"
