"""What a project declares that it needs: in pyproject.toml, or in requirements.txt."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import InvalidRequirement, Requirement

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
    found = list(dict.fromkeys(_dependencies(said)))
    if not found and (project / "requirements.txt").is_file():
        found = list(read(project / "requirements.txt"))
    return tuple(found)


def _dependencies(said: Mapping[str, Any]) -> Iterator[str]:
    project = said.get("project")
    project = project if isinstance(project, dict) else {}
    extras = project.get("optional-dependencies")
    groups = said.get("dependency-groups")
    yield from _texts(project.get("dependencies"))
    for group in GROUPS:
        yield from _texts(extras.get(group) if isinstance(extras, dict) else None)
        if isinstance(groups, dict):
            yield from _group(groups, group, ())


def _group(groups: Mapping[str, Any], name: str, within: tuple[str, ...]) -> Iterator[str]:
    """Give the requirements of a dependency group, with those of the groups it includes."""
    of = groups.get(name)
    for each in of if isinstance(of, list) and name not in within else ():
        if isinstance(each, dict) and isinstance(each.get("include-group"), str):
            yield from _group(groups, each["include-group"], (*within, name))
        else:
            yield from _texts([each])


def _texts(requirements: object) -> Iterator[str]:
    for each in requirements if isinstance(requirements, list) else ():
        try:
            yield str(Requirement(each))
        except (InvalidRequirement, TypeError):
            continue
