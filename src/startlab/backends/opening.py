"""Which backend a run is on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import startlab
from startlab.backends.py_spy import py_spy
from startlab.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from startlab.backends import Backend
    from startlab.backends.docker.backend import DockerBackend
    from startlab.model import Selection
    from startlab.program.requirements import Requirements


def open_backend(
    selection: Selection,
    building: Mapping[str, Any],
    run_id: str,
    say: Callable[[str], None],
    *,
    program: Path | None = None,
    requirements: Requirements | None = None,
    keep: bool = False,
) -> Backend:
    """Make the backend that is wanted; `auto` is Docker where an engine answers.

    `program` is the folder of a user's snapshot, `requirements` what it needs, `building` the
    fields of BuildOptions. Raises EngineError where only Docker is wanted and no engine answers.
    """
    from startlab.backends import native

    if selection.backend == "native":
        return native.NativeBackend(program, requirements, say, selection.platform)
    try:
        backend = open_docker(
            {**building, "platform": selection.platform},
            say,
            run_id=run_id,
            isolation=selection.isolation,
            keep=keep,
            program=program,
            requirements=requirements,
        )
    except EngineError as error:
        if selection.backend == "docker":
            raise
        say(f"On this host's own interpreters: {error}")
        return native.NativeBackend(program, requirements, say, selection.platform)
    if selection.backend == "auto":
        say("In Docker images, for an engine answers; --backend native takes this host's Pythons.")
    return backend


def open_docker(
    building: Mapping[str, Any],
    say: Callable[[str], None],
    **options: Any,  # noqa: ANN401 - DockerBackend's own
) -> DockerBackend:
    """Reach the Docker engine; its SDK is slow to import, and only needed here."""
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
