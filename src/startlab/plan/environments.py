"""The names of environments, and the selectors and markers that match them."""

from __future__ import annotations

import fnmatch
import platform
import re
import sys
from typing import TYPE_CHECKING, Final

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from startlab.errors import SelectionError
from startlab.model import Environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


LIBRARIES: Final = (
    "libc.so.6",
    "libgomp.so.1",
    "Accelerate",
    "_sqlite3",
    "asyncio",
    "concurrent.futures",
    "ctypes",
    "fcntl",
    "multiprocessing.shared_memory",
    "numpy",
)
"""What experiments may require: shared libraries and Python modules."""

IMPLEMENTATIONS: Final = {"cpython": "CPython", "pypy": "PyPy"}
"""The `implementation_name` and `platform_python_implementation` of markers."""

msgspec.json.Decoder(Environment)
"""Makes msgspec inspect this type here, not in two threads at once (backends/conversation.py)."""


OLDEST: Final = Version("2.7")


def platform_name() -> str:
    """Name this platform as in the matrix of GitHub Actions: `windows`, `linux-arm64`."""
    systems = {"win32": "windows", "darwin": "macos"}
    system = systems.get(sys.platform, sys.platform)
    usual, other = ("arm64", "intel") if system == "macos" else ("x86_64", "arm64")
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    return system if machine == usual else f"{system}-{other}"


def python_of(environment: Environment) -> str:
    """Name the Python of an environment; one for Windows under Wine is never told as Windows."""
    if environment.wine:
        implementation = IMPLEMENTATIONS.get(environment.implementation, environment.implementation)
        return f"Windows {implementation} {environment.python} under Wine {environment.wine}"
    return f"{environment.implementation} {environment.python}"


def platform_of(environment: Environment) -> str:
    """Name the platform of an environment."""
    library = f"Lib of {environment.library}" if environment.library else environment.libc
    return f"{environment.sys_platform} {environment.machine} {library}"


def sort_key(name: str) -> tuple[str, str, Version, str]:
    """Order environments by family, then by version, 3.9 before 3.10."""
    match = re.fullmatch(r"(.*?)-?([a-z]*)([0-9]{1,9}\.[0-9]{1,9})(.*)", name)
    if match is None:
        return (name, "", OLDEST, "")
    family, implementation, version, suffix = match.groups()
    return (family, implementation, Version(version), suffix)


def matches(name: str, python: str, selector: str) -> bool:
    """Return whether a selector matches an environment.

    A selector is a name, a glob of names (`linux-*`), a version (`3.13`) or a specifier of
    versions (`>=3.12`).
    """
    if selector[:1] in "<>=!~":
        try:
            return SpecifierSet(selector, prereleases=True).contains(python)
        except InvalidSpecifier:
            raise SelectionError(
                f"--env {selector}: this looks like a range of versions but is not one; "
                "write it like '>=3.12' or '>=3.9,<3.13'."
            ) from None
    if selector[:1].isdigit():
        return name.removesuffix(selector).endswith("-")
    return fnmatch.fnmatchcase(name, selector)


def select(environments: Iterable[Environment], selectors: Sequence[str]) -> list[Environment]:
    """Choose environments. Raises SelectionError for a selector that matches none."""
    every = list(environments)
    for selector in selectors:
        if not any(matches(each.name, each.python, selector) for each in every):
            raise unmatched(selector, [each.name for each in every])
    return [
        each
        for each in every
        if not selectors or any(matches(each.name, each.python, one) for one in selectors)
    ]


def unmatched(selector: str, names: Sequence[str], *, docker: bool = False) -> SelectionError:
    """Make the error for a selector that matches nothing; it lists the environments."""
    native = ""
    if docker and selector.startswith("host-"):
        native = " host-… are this host's own interpreters: add --backend native."
    there = ", ".join(names) or "none"
    return SelectionError(f"--env {selector} matches no environment.{native} There are: {there}.")


def marker_environment(environment: Environment) -> dict[str, str]:
    """Return the environment that PEP 508 markers are evaluated against."""
    version = Version(environment.python)
    return {
        "implementation_name": environment.implementation,
        "implementation_version": environment.python,
        "os_name": environment.os_name,
        "platform_machine": environment.machine,
        "platform_release": environment.platform_release,
        "platform_system": environment.platform_system,
        "platform_version": environment.platform_version,
        "python_full_version": environment.python,
        "platform_python_implementation": IMPLEMENTATIONS.get(
            environment.implementation, environment.implementation
        ),
        "python_version": f"{version.major}.{version.minor}",
        "sys_platform": environment.sys_platform,
    }
