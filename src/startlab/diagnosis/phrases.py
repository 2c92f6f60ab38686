"""Parts of sentences that several findings share."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.output.compare import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.version import Version

    from startlab.model import Environment
    from startlab.output.compare import Difference


ANEW: Final = (
    "A child started by spawn or forkserver imports the program's modules again: it has what that "
    "creates, and nothing that the parent changed afterwards."
)
"""Why children do not have what a forked child has."""

PRELOADED: Final = (
    "The fork server imports the main module before it forks (from Python 3.13.8 and 3.14.1 on)"
)
"""Why children of the fork server may have what a forked child has."""


def listed(names: Sequence[str], last: str = "and") -> str:
    """Put names into a sentence: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def sentence(text: str) -> str:
    """Make a sentence of words that begin small and have no full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def either(names: Sequence[str]) -> str:
    """Put names into a sentence: a, b or c."""
    return listed(names, "or")


def at(where: str | None) -> str:
    """Name a line in a sentence, if it is known: ` at program.py:3`."""
    return f" at {where}" if where else ""


def prints(names: Sequence[str]) -> str:
    """Say that they print: `fork prints`, `fork and spawn print`."""
    told = listed(names)
    return f"{told} {'print' if ' and ' in told or ' to ' in told else 'prints'}"


def versions(
    environments: Mapping[str, Environment], names: Iterable[str], *, exact: bool = True
) -> str:
    """Name the Pythons of environments: `3.9.18`, `3.13.15 to 3.15.0`.

    A range is one without a gap among the environments that were run; free-threaded builds, such as
    `3.13t`, come after the others. Without `exact` the last number is left out.
    """
    every = {_build(each, exact=exact) for each in environments.values()}
    wanted = {_build(environments[name], exact=exact) for name in names if name in environments}
    told = []
    for (inside, threaded), run in groupby(
        sorted(every), key=lambda build: (build in wanted, build.free_threaded)
    ):
        found = [f"{build.version}{'t' if threaded else ''}" for build in run]
        if inside:
            told += [f"{found[0]} to {found[-1]}"] if len(found) > 2 else found
    return listed(told) if told else "?"


class _Build(NamedTuple):
    free_threaded: bool
    version: Version


def _build(environment: Environment, *, exact: bool) -> _Build:
    from packaging.version import Version  # slow

    version = Version(environment.python)
    if not exact:
        version = Version(f"{version.major}.{version.minor}")
    return _Build(environment.free_threaded, version)


def lost_log(where: str | None) -> str:
    """Say that what children log is lost; `where` is the line that sets logging up."""
    since = f", since logging is configured at {where}, which they never execute" if where else ""
    return f"the children's log output is lost{since}"


def only(here: str, lines: Difference, there: str) -> str:
    """Say which lines only one side prints: `Only fork prints "a"; only spawn prints "b"`."""
    parts = [
        f"only {prints([names])} {quoted(own)}"
        for names, own in ((here, lines.only_first), (there, lines.only_second))
        if own
    ]
    return sentence("; ".join(parts) or "the outputs differ in a part that is not kept")


def a(noun: str) -> str:
    """Put the article before a noun; a type that begins with a u is mostly said as `uuid` is."""
    return f"{'an' if noun[:1] in 'aeioAEIO' else 'a'} {noun}"


def one_of_two(lines: Difference) -> str:
    """Say what one of two trials printed: `one printed "a", and the other "b"`."""
    first, second = sorted((lines.only_first, lines.only_second), key=len, reverse=True)
    if not first:
        return "what differs is not kept"
    return f"one printed {quoted(first)}, and the other {quoted(second) if second else 'did not'}"
