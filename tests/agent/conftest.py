"""What several tests of the agent need."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from startlab.backends.conversation import Conversation, command
from startlab.backends.pipes import CONTENT, Pipes
from startlab.backends.py_spy import py_spy

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def spying() -> Iterator[Conversation]:
    """Have an agent that can read stacks with py-spy."""
    spy = py_spy()
    if spy is None or sys.platform != "linux":
        pytest.skip("there is no py-spy here, or no proof")
    stream = Pipes(command(sys.executable, str(CONTENT), spy))
    yield Conversation(stream, str(CONTENT))
    stream.close()
