"""The user's pytest, as it was started: a child is the same once more, with its own plugin."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.engine.children import PLUGIN
from startlab.model import Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from startlab.model import Method

MOST_PATHS: Final = 20_000
"""Characters of paths that a child is sent before it reads; with more it collects all."""

NOT_PASSED: Final = (
    "PYTEST_CURRENT_TEST",
    "COV_CORE_SOURCE",
    "COV_CORE_CONFIG",
    "COV_CORE_DATAFILE",
)


class Invocation(NamedTuple):
    """How a pytest was started: what after the interpreter, with which words, and where."""

    program: list[str]
    words: list[str]
    folder: str


def invocation(config: pytest.Config) -> Invocation:
    """Tell how this pytest was started; a worker of pytest-xdist cannot know."""
    script = Path(sys.argv[0])
    # It has another sys.path than `-m pytest`.
    own = script.stem in ("pytest", "py.test") and script.suffix in ("", ".py") and script.is_file()
    return Invocation(
        [os.fspath(script.absolute())] if own else ["-m", "pytest"],
        list(map(str, config.invocation_params.args)),
        os.fspath(config.invocation_params.dir),
    )


def request(
    how: Invocation, method: Method, files: Iterable[Path], timeout_s: float, *, forks: bool
) -> Request:
    """Ask for a child that collects some files; if it `forks`, each test has a process."""
    env = {name: value for name, value in os.environ.items() if name not in NOT_PASSED}
    env |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), tempfile.gettempdir())
    paths = list(dict.fromkeys(map(str, files)))
    few = sum(map(len, paths)) <= MOST_PATHS
    return Request(
        argv=(sys.executable, *how.program, *PLUGIN, *how.words),
        method=None if method == "default" else method,
        timeout_s=timeout_s,
        env=env,
        cwd=how.folder,
        python=sys.executable,
        tests={"paths": paths if few else None, "all": True, "fork": forks},
    )
