"""Choosing the backend of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import startlab
from startlab.backends.py_spy import py_spy
from startlab.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from startlab.backends import Backend
    from startlab.backends.docker.backend import DockerBackend
    from startlab.model import BackendName, Environment, Selection
    from startlab.program.requirements import Requirements

    Say = Callable[[str], None]

NATIVE: Final = ("host-", "venv-", "conda-", "python-")  # names of the host's Pythons


class _Wanted(NamedTuple):
    """What a backend is opened for: see `open_backend`."""

    selection: Selection
    building: Mapping[str, Any]
    run_id: str
    say: Say
    program: Path | None
    requirements: Requirements | None
    keep: bool


def open_backend(
    selection: Selection,
    building: Mapping[str, Any],
    run_id: str,
    say: Say,
    *,
    program: Path | None = None,
    requirements: Requirements | None = None,
    user: Environment | None = None,
    keep: bool = False,
) -> Backend:
    """Make the wanted backend; `auto` is Docker if an engine answers and is needed.

    It is not for names of this host alone. `program` is the folder of the user's snapshot,
    `requirements` what it needs, `building` the fields of BuildOptions. The environment of the
    `user` is one more. Raises EngineError if Docker is required and no engine answers.
    """
    wanted = _Wanted(selection, building, run_id, say, program, requirements, keep)
    if user is None:
        return _chosen(wanted)
    from startlab.backends.native import NativeBackend
    from startlab.backends.user_python import WithUserPython

    return WithUserPython(user, NativeBackend(program), _chosen(wanted))


def _chosen(wanted: _Wanted) -> Backend:
    selection, say = wanted.selection, wanted.say
    if selection.backend != "auto":
        return BACKENDS[selection.backend](wanted)
    names = selection.environments
    if names and all(each.startswith(NATIVE) for each in names):
        return _native(wanted)
    try:
        backend = _docker(wanted)
    except EngineError as error:
        say(f"Using this host's interpreters: {error}")
        return _native(wanted)
    say("Using Docker images (a Docker engine was found); --backend native uses this host.")
    return backend


def _native(wanted: _Wanted) -> Backend:
    from startlab.backends.native import NativeBackend

    return NativeBackend(wanted.program, wanted.requirements, wanted.say, wanted.selection.platform)


def _docker(wanted: _Wanted) -> Backend:
    return open_docker(
        {**wanted.building, "platform": wanted.selection.platform},
        wanted.say,
        run_id=wanted.run_id,
        isolation=wanted.selection.isolation,
        keep=wanted.keep,
        program=wanted.program,
        requirements=wanted.requirements,
    )


BACKENDS: Final[Mapping[BackendName, Callable[[_Wanted], Backend]]] = {
    "native": _native,
    "docker": _docker,
}
"""All that there are."""


def open_docker(
    building: Mapping[str, Any],
    say: Say,
    **options: Any,  # noqa: ANN401 - DockerBackend's own
) -> DockerBackend:
    """Connect to the Docker engine; its SDK is slow to import, and only needed here."""
    from startlab.backends.docker.backend import DockerBackend
    from startlab.backends.docker.containers import PY_SPY, Content
    from startlab.backends.docker.images import BuildOptions

    package = Path(startlab.__file__).parent
    folders = {name: package / name for name in ("agent", "catalogue")}
    spy = py_spy()
    if spy is not None and sys.platform == "linux":  # one file, statically linked
        folders[PY_SPY] = Path(spy)
    content = Content.of(folders)
    return DockerBackend(content=content, say=say, options=BuildOptions(**building), **options)
