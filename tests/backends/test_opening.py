"""Which backend a run is on."""

from __future__ import annotations

import gc
import sys
from typing import get_args

import pytest

from startlab.backends import opening
from startlab.backends.docker import engine
from startlab.errors import EngineError
from startlab.model import BackendChoice, BackendName, Selection

NOWHERE = "npipe:////./pipe/nowhere" if sys.platform == "win32" else "unix:///nowhere/docker.sock"


def test_every_backend_that_there_is_can_be_asked_for() -> None:
    assert tuple(opening.BACKENDS) == get_args(BackendName)
    assert get_args(BackendChoice) == ("auto", *opening.BACKENDS)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_auto_is_this_host_where_no_engine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    said: list[str] = []
    assert opening.open_backend(Selection(), {}, "", said.append).name == "native"
    (line,) = said
    assert "Using this host's interpreters: No Docker engine answers" in line
    with pytest.raises(EngineError, match="No Docker engine answers"):
        opening.open_backend(Selection(backend="docker"), {}, "", said.append)
    gc.collect()  # the SDK leaves sockets open that it could not connect; here that is no error


@pytest.mark.parametrize("names", [("host-3.12",), ("host-*", "venv-*")])
def test_names_of_this_host_need_no_engine(
    names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    said: list[str] = []
    selection = Selection(environments=names)
    assert opening.open_backend(selection, {}, "", said.append).name == "native"
    assert not said, "no engine was looked for"


def test_an_engine_whose_pipe_breaks_is_told_in_words() -> None:
    """What a named pipe of Windows raises is no OSError."""
    pywintypes = pytest.importorskip("pywintypes")
    lost = pytest.raises(EngineError, match="The Docker engine was lost while asking: ")
    with lost, engine.in_words("asking"):
        raise pywintypes.error(109, "ReadFile", "The pipe has been ended.")
