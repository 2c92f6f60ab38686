"""What several tests of the agent need."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from startlab import health
from startlab.backends.conversation import Conversation, command
from startlab.backends.native import CONTENT, Pipes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def spying() -> Iterator[Conversation]:
    """Have an agent that can read stacks with py-spy."""
    py_spy = health.py_spy()
    if py_spy is None or sys.platform != "linux":
        pytest.skip("there is no py-spy here, or no proof")
    stream = Pipes(command(sys.executable, str(CONTENT), py_spy))
    yield Conversation(stream, str(CONTENT))
    stream.close()
