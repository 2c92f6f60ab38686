"""What no file that startlab writes may hold: values of variables, credentials in URLs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from startlab.errors import ProgramError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from startlab.model import Program, Trial

HIDDEN: Final = "***"

SHORTEST: Final = 6
"""Characters; a shorter value is in any output by chance, so it is not looked for there."""

_CREDENTIALS: Final = re.compile(r"(?<!ssh://)(?<=://)(?P<said>[^/\s'\"]+)@")
"""Of a URL; ssh has keys, and only a user's name in it."""

_OF_A_VARIABLE: Final = re.compile(r"(.*:)?\$\{\w+\}")
"""`user:${TOKEN}`, which pip itself takes from the environment."""

_FREE: Final = (
    "reason", "stdout", "written", "stderr", "notes", "exception", "clues", "crash_stacks"
)  # fmt: skip
"""The fields of a trial that may quote what the program says."""


def without_credentials(text: str) -> str:
    """Hide users and passwords in the URLs of a text."""
    return _CREDENTIALS.sub(
        lambda found: found[0] if _OF_A_VARIABLE.fullmatch(found["said"]) else f"{HIDDEN}@", text
    )


def hidden(program: Program) -> Program:
    """Give a program as it is written down."""
    return msgspec.structs.replace(
        program,
        env=dict.fromkeys(program.env, HIDDEN),
        requirements=tuple(map(without_credentials, program.requirements)),
    )


def restored(program: Program, env: Mapping[str, str], requirements: Sequence[str]) -> Program:
    """Give a program as it was before it was hidden; what is not said again is in the environment.

    Raises ProgramError, which names what is missing.
    """
    return msgspec.structs.replace(
        program,
        env={name: _value(name, value, env) for name, value in program.env.items()},
        requirements=_requirements(program.requirements, requirements),
    )


def _value(name: str, kept: str, said: Mapping[str, str]) -> str:
    value = said.get(name, os.environ.get(name) if kept == HIDDEN else kept)
    if value is None:
        raise ProgramError(
            f"The run was begun with a value of {name}, which no journal keeps. Set {name} in the "
            f"environment, or say it again: --env-var {name}=VALUE"
        )
    return value


def _requirements(kept: tuple[str, ...], said: Sequence[str]) -> tuple[str, ...]:
    missing = [line for line in kept if f"//{HIDDEN}@" in line]
    if said and tuple(map(without_credentials, said)) != kept:
        raise ProgramError(
            f"The run was begun with other requirements: {', '.join(kept) or 'none'}. It is "
            "finished as it was begun; leave --requirements and --with away, or say them again."
        )
    if missing and not said:
        raise ProgramError(
            f"The run was begun with credentials, which no journal keeps, in {missing[0]}. Say "
            "--requirements and --with again, as then."
        )
    return tuple(said) or kept


class Veil:
    """Hides in trials what is secret of a program, where it or pip has printed it."""

    def __init__(self, program: Program) -> None:
        values = [value for value in program.env.values() if _may_be_secret(value)]
        longest_first = sorted(values, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if values else None

    def over(self, trial: Trial) -> Trial:
        """Give a trial as it is written down."""
        return msgspec.structs.replace(
            trial, **{name: self._hide(getattr(trial, name)) for name in _FREE}
        )

    def _hide(self, value: Any) -> Any:  # noqa: ANN401 - any field of a trial
        match value:
            case str():
                text = without_credentials(value)
                return text if self._values is None else self._values.sub(HIDDEN, text)
            case dict():
                return {self._hide(key): self._hide(each) for key, each in value.items()}
            case tuple():
                return tuple(map(self._hide, value))
            case msgspec.Struct():
                return msgspec.structs.replace(value, **dict(self._fields(value)))
            case _:
                return value

    def _fields(self, value: msgspec.Struct) -> Iterable[tuple[str, Any]]:
        for name in value.__struct_fields__:
            yield name, self._hide(getattr(value, name))


def _may_be_secret(value: str) -> bool:
    """Tell whether a value is to be hidden in outputs: not a path, which tracebacks name."""
    try:
        is_path = any(Path(each).exists() for each in value.split(os.pathsep))
    except (OSError, ValueError):
        is_path = False
    return len(value) >= SHORTEST and not is_path
