# ruff: noqa: ARG001 - fixtures that are needed and not used
"""What the tests of the backends share: an engine, and an image in it."""

from __future__ import annotations

import gc
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from startlab.backends.docker.debootstrap import cannot_debootstrap
from startlab.backends.docker.engine import connect
from startlab.backends.docker.images import BuildOptions, Image, Images
from startlab.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient


def skip(reason: str) -> None:
    """Skip, or fail where Docker is required."""
    if os.environ.get("STARTLAB_REQUIRE_DOCKER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for that of a socket; tmp_path is too long on macOS."""
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerClient]:
    client, reason = None, ""
    try:
        client = connect()
    except EngineError as error:
        reason = str(error)
    if client is None:
        # The SDK leaves the sockets of failed calls to the collector.
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            gc.collect()
        skip(reason)
        return
    yield client
    client.close()


@pytest.fixture(scope="session")
def can_debootstrap(engine: DockerClient) -> None:
    reason = cannot_debootstrap(engine.api)
    if reason:
        skip(reason)


@pytest.fixture(scope="session")
def debian_image(engine: DockerClient, can_debootstrap: None) -> Image:
    """linux-3.11 on Debian bookworm, made by the first test that needs it."""
    made = Images(engine, BuildOptions(bases="debian"), print).make("linux-3.11")
    assert isinstance(made, Image), made.reason
    return made
