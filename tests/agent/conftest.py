"""What several tests of the agent need."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from startlab.backends.conversation import Conversation, command
from startlab.backends.native import CONTENT, Pipes
from startlab.backends.py_spy import py_spy

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def spying(request: pytest.FixtureRequest) -> Iterator[Conversation]:
    """Have an agent that can read stacks with py-spy; a module's BEFORE is run in it first."""
    spy = py_spy()
    if spy is None or sys.platform != "linux":
        pytest.skip("there is no py-spy here, or no proof")
    argv = command(sys.executable, str(CONTENT), spy)
    boot, serve = argv[3].split("from agent.main")
    before = getattr(request.module, "BEFORE", "pass")
    argv[3] = f"{boot}\n{before}\nfrom agent.main{serve}"
    stream = Pipes(argv)
    yield Conversation(stream, str(CONTENT))
    stream.close()
