"""The images of Windows CPython under Wine, which tests need and do not build."""

from __future__ import annotations

import functools

import pytest

from startlab.backends.docker.engine import connect
from startlab.backends.docker.images import BuildOptions, Images
from startlab.errors import EngineError


def need(name: str) -> None:
    """Skip a test where an environment has no image: it takes some minutes and 1 GB."""
    reason = _lacking(name)
    if reason is not None:
        pytest.skip(reason)


@functools.cache
def _lacking(name: str) -> str | None:
    try:
        client = connect()
    except EngineError as error:
        return str(error)
    try:
        there = Images(client, BuildOptions(), print).existing(name)
    finally:
        client.close()
    return None if there else f"no image of it: startlab images build --env {name}"
