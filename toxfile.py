"""Let tox find the interpreters of pyenv, whose shims stand for one of them at a time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tox.plugin import impl

if TYPE_CHECKING:
    from tox.config.sets import ConfigSet
    from tox.session.state import State


@impl
def tox_add_core_config(core_conf: ConfigSet, state: State) -> None:  # noqa: ARG001 - tox's names
    """Try the interpreters of pyenv first."""
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    found = sorted(root.glob("versions/3.*/bin/python3"), reverse=True)
    state.conf.options.discover = [*state.conf.options.discover, *map(str, found)]
