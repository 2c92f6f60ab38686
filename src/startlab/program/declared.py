"""What a project declares that it needs: in pyproject.toml, or in requirements.txt."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from startlab.program.requirements import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

GROUPS: Final = ("dev", "test", "tests")
"""Dependency groups (PEP 735), and extras, that what runs a project's tests is usually in."""


def needs(project: Path) -> tuple[str, ...]:
    """List the requirements that the project in a folder declares, each once.

    These are its dependencies and those of its groups and extras for tests, else what is in its
    requirements.txt. A pyproject.toml that cannot be read declares nothing: who builds the project
    is told why. Raises ProgramError for a requirements.txt that cannot be read.
    """
    try:
        said = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        said = {}
    about = said.get("project")
    about = about if isinstance(about, dict) else {}
    found = list(dict.fromkeys(_dependencies(said, about)))
    file = project / "requirements.txt"
    if file.is_file() and (not found or "dependencies" in _list(about.get("dynamic"))):
        found += [line for line in read(file) if line not in found]
    return tuple(found)


def _dependencies(said: Mapping[str, Any], about: Mapping[str, Any]) -> Iterator[str]:
    groups = said.get("dependency-groups")
    extras = about.get("optional-dependencies")
    own = canonicalize_name(str(about.get("name")))
    todo = list(_requirements(about.get("dependencies")))
    for group in GROUPS:
        todo += _requirements(extras.get(group) if isinstance(extras, dict) else None)
        if isinstance(groups, dict):
            todo += _group(groups, group, ())
    followed: set[str] = set()
    for each in todo:
        if canonicalize_name(each.name) != own:
            yield str(each)
            continue
        for extra in each.extras - followed:  # `crawler[speed]` in crawler means what is in speed
            followed.add(extra)
            todo += _requirements(extras.get(extra) if isinstance(extras, dict) else None)


def _group(groups: Mapping[str, Any], name: str, within: tuple[str, ...]) -> Iterator[Requirement]:
    """Give the requirements of a dependency group, with those of the groups it includes."""
    for each in _list(groups.get(name)) if name not in within else ():
        if isinstance(each, dict) and isinstance(each.get("include-group"), str):
            yield from _group(groups, each["include-group"], (*within, name))
        else:
            yield from _requirements([each])


def _requirements(texts: object) -> Iterator[Requirement]:
    for each in _list(texts):
        try:
            yield Requirement(each)
        except (InvalidRequirement, TypeError):
            continue


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
