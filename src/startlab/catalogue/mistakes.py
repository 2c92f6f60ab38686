"""Error messages for mistakes in the TOML files of the catalogue."""

from __future__ import annotations

import difflib
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from startlab.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

T = TypeVar("T")

_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
"""Of a path as msgspec writes it: `$.expect[0].outcome`."""
_KINDS: Final = {
    "StrType": "a text in quotes",
    "IntType": "a whole number",
    "FloatType": "a number",
    "BoolType": "true or false",
    "StructType": "a table",
    "DictType": "a table",
}


def read(file: Path, kind: type[T]) -> T:
    """Read a TOML file as a struct.

    Raises CatalogueError, naming the file, the key and what was expected, and FileNotFoundError.
    """
    try:
        said = tomllib.loads(file.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{file}: not UTF-8 at byte {error.start}: {error.reason}") from None
    except tomllib.TOMLDecodeError as error:
        quotes = "; a text needs quotes" if "Invalid value" in str(error) else ""
        raise CatalogueError(f"{file}: not TOML: {error}{quotes}") from None
    return convert(said, kind, file)


def convert(said: object, kind: type[T], file: Path, key: str = "") -> T:
    """Convert a value of a file to a struct. Raises CatalogueError as `read` does."""
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at ")
        steps = [int(number) if number else name for name, number in _STEP.findall(path)]
        where = _place(said, steps, key)
        mistake = _mistake(what, _value(said, steps), _expected(kind, steps))
        raise CatalogueError(f"{file}: {f'{where}: ' if where else ''}{mistake}") from None


def entry(key: str, number: int) -> str:
    """Name a table of a list, counted from 1: `the 2nd [[expect]]` is number 1."""
    return f"the {ordinal(number + 1)} [[{key}]]"


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, 11th, 21st."""
    teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def nearest(word: str, words: Iterable[str], most: int = 3) -> list[str]:
    """Return the words most similar to one: those that contain it, then by spelling."""

    def unlikeness(other: str) -> tuple[bool, float, str]:
        return word not in other, -difflib.SequenceMatcher(None, word, other).ratio(), other

    return sorted(words, key=unlikeness)[:most]


# --- where -------------------------------------------------------------------------------------


def _value(said: Any, steps: Sequence[str | int]) -> Any:  # noqa: ANN401 - of any type in TOML
    for step in steps:
        said = said[step]
    return said


def _place(said: Any, steps: Sequence[str | int], key: str) -> str:  # noqa: ANN401 - as above
    """Name a key: `check.stdout`, `the 2nd [[expect]], outcome`, `claim 2a, the 1st evidence`."""
    parts: list[str] = []
    for step in steps:
        said = said[step]
        if isinstance(step, str):
            key = f"{key}.{step}" if key else step
        elif isinstance(said, dict):
            if isinstance(said.get("id"), str):
                parts.append(f"{key} {said['id']}")
            else:
                parts.append(f"the {ordinal(step + 1)} {key}" if parts else entry(key, step))
            key = ""
    return ", ".join([*parts, key] if key else parts)


# --- what --------------------------------------------------------------------------------------


def _expected(kind: object, steps: Sequence[str | int]) -> Any:  # noqa: ANN401 - a msgspec.inspect.Type
    """Return what msgspec knows of the type at a path."""
    from msgspec import inspect

    def said(found: inspect.Type) -> inspect.Type:
        if not isinstance(found, inspect.UnionType):
            return found
        return next(each for each in found.types if not isinstance(each, inspect.NoneType))

    found: Any = said(inspect.type_info(kind))
    for step in steps:
        if isinstance(found, inspect.StructType):
            found = next(each.type for each in found.fields if each.name == step)
        elif isinstance(found, inspect.DictType):
            found = found.value_type
        elif isinstance(found, inspect.TupleType):
            found = found.item_types[int(step)]
        else:
            found = found.item_type
        found = said(found)
    return found


def _mistake(what: str, found: object, expected: Any) -> str:  # noqa: ANN401 - as above
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", what):
        keys = [field.name for field in expected.fields]
        close = difflib.get_close_matches(match[1], keys, 1)
        meant = f"; did you mean {close[0]}?" if close else "."
        return f"unknown key {match[1]}{meant} Keys: {', '.join(keys)}"
    if match := re.fullmatch(r"Object missing required field `(.*)`", what):
        return f"{match[1]} is missing"
    if what.startswith("Invalid enum value"):
        return f"expected one of {', '.join(expected.values)}, found {found!r}"
    if re.fullmatch(r"Expected `.*`, got `.*`", what):
        return f"expected {_kind(expected, found)}, found {found!r}"
    return what.replace("`", "")


def _kind(expected: object, found: object) -> str:
    name = type(expected).__name__
    if name in ("VarTupleType", "TupleType"):
        return f'a list: ["{found}"]' if isinstance(found, str) else "a list"
    return _KINDS.get(name, "a text in quotes")  # of a Literal
