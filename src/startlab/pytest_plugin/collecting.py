"""Which tests there are: one for each start method, of those that use multiprocessing."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from startlab.model import START_METHODS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from startlab.model import StartMethod


class Mark(NamedTuple):
    """What `@pytest.mark.start_methods` says of a test: nothing, if it has none."""

    methods: tuple[StartMethod, ...] | None = None
    xfail: Mapping[str, str] = {}
    strict: bool | None = None


class Variant(NamedTuple):
    """A test, by the id that it has without startlab, and the method that it is run under.

    The method is None for a test that is not known to use multiprocessing.
    """

    test: str
    method: StartMethod | None
    mark: Mark


_VARIANT: Final = pytest.StashKey[Variant]()


def methods_of(wanted: str, there: Sequence[str]) -> tuple[StartMethod, ...]:
    """Read `all`, or a list of methods. Raises pytest.UsageError."""
    possible = [each for each in START_METHODS if each in there]
    if wanted == "all":
        return tuple(possible)
    words = wanted.replace(",", " ").split()
    for word in words:
        if word not in START_METHODS:
            raise pytest.UsageError(
                f"--start-methods: there is no start method {word!r}; there are "
                f"{', '.join(possible)}, or all."
            )
        if word not in possible:
            raise pytest.UsageError(
                f"--start-methods: this platform has no {word}, only {', '.join(possible)}."
            )
    if not words:
        raise pytest.UsageError("--start-methods: name one at least, or all.")
    return tuple(each for each in possible if each in words)


def mark_of(item: pytest.Item) -> Mark:
    """Read the marker of a test. Raises pytest.UsageError."""
    found = item.get_closest_marker("start_methods")
    if found is None:
        return Mark()
    xfail = found.kwargs.get("xfail") or {}
    for each in (*found.args, *xfail):
        if each not in START_METHODS:
            raise pytest.UsageError(
                f"{item.nodeid}: the marker start_methods names {each!r}, which is no start method."
            )
    if set(found.kwargs) - {"xfail", "strict"}:
        raise pytest.UsageError(
            f"{item.nodeid}: the marker start_methods takes methods, xfail= and strict=."
        )
    return Mark(found.args or START_METHODS, dict(xfail), found.kwargs.get("strict"))


def variant(item: pytest.Item) -> Variant:
    """Tell which test an item is, and under which method."""
    return item.stash.get(_VARIANT, None) or Variant(item.nodeid, None, mark_of(item))


def named(config: pytest.Config) -> frozenset[tuple[Path, str]]:
    """Give the tests with parameters that the command line names, as file and name.

    pytest finds `test_x[1]` by that very name, so it must not be `test_x[1-spawn]` until it has.
    """
    words = (each.partition("::") for each in config.args if each.endswith("]"))
    return frozenset(
        (Path(config.invocation_params.dir, file).resolve(), name) for file, _, name in words
    )


def multiplied(
    items: Iterable[Any],
    methods: Sequence[StartMethod],
    users: Mapping[str, object],
    but: Container[tuple[Path, str]] = (),
) -> list[Any]:
    """Give each test that is known to use multiprocessing once for each of its methods."""
    result: list[Any] = []
    for item in items:
        if not isinstance(item, pytest.Item) or _VARIANT in item.stash:
            result.append(item)  # a file, or what another collector has given: the session
            continue
        if (item.path.resolve(), item.nodeid.partition("::")[2]) in but:
            result.append(item)
            continue
        mark = mark_of(item)
        if mark.methods is None and item.nodeid not in users:
            result.append(item)
            continue
        wanted = [each for each in methods if mark.methods is None or each in mark.methods]
        result += [under(item, each) for each in wanted]
    return result


def under(item: pytest.Item, method: StartMethod) -> pytest.Item:
    """Give a test as it is under a method: `test_x[spawn]`, `test_x[1-spawn]`."""
    clone: Any = copy.copy(item)
    clone.name = with_method(item.name, method)
    nodeid = with_method(item.nodeid, method)
    if hasattr(clone, "_id"):  # pytest 9.1
        clone._id = type(clone._id).parse(nodeid)  # noqa: SLF001 - there is no other way
    else:
        clone._nodeid = nodeid  # noqa: SLF001 - likewise
    clone.__dict__.pop("location", None)
    clone.stash = pytest.Stash()
    clone._store = clone.stash  # noqa: SLF001 - its older name
    clone.stash[_VARIANT] = Variant(item.nodeid, method, mark_of(item))
    result: pytest.Item = clone
    return result


def with_method(name: str, method: str) -> str:
    """Add a method to the name of a test, as one more parameter."""
    return f"{name[:-1]}-{method}]" if name.endswith("]") else f"{name}[{method}]"


def sort(items: list[pytest.Item], methods: Sequence[StartMethod]) -> None:
    """Put what one child runs together: each method's session fixtures are then set up once."""
    items.sort(key=lambda item: methods.index(variant(item).method or methods[0]))
