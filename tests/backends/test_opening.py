"""Which backend a run is on."""

from __future__ import annotations

import gc
from typing import get_args

import pytest

from startlab.backends import opening
from startlab.errors import EngineError
from startlab.model import BackendChoice, BackendName, Selection


def test_every_backend_that_there_is_can_be_asked_for() -> None:
    assert tuple(opening.BACKENDS) == get_args(BackendName)
    assert get_args(BackendChoice) == ("auto", *opening.BACKENDS)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_auto_is_this_host_where_no_engine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    said: list[str] = []
    assert opening.open_backend(Selection(), {}, "", said.append).name == "native"
    (line,) = said
    assert "Using this host's interpreters: No Docker engine answers" in line
    with pytest.raises(EngineError, match="No Docker engine answers"):
        opening.open_backend(Selection(backend="docker"), {}, "", said.append)
    gc.collect()  # the SDK leaves sockets open that it could not connect; here that is no error
