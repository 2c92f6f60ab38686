"""What is available on this machine, what is not, and why."""

from __future__ import annotations

import os

import msgspec

from startlab.backends import interpreters
from startlab.backends.py_spy import py_spy
from startlab.errors import EngineError
from startlab.plan import environments


class Facility(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a lab can use: whether it is available, and its details or why it is not."""

    what: str
    there: bool
    details: str


def examine() -> list[Facility]:
    """Check everything that a run could use."""
    return [
        Facility(what="cores", there=(os.cpu_count() or 1) > 1, details=str(os.cpu_count())),
        *_interpreters(),
        *_docker(),
        _py_spy(),
    ]


def _interpreters() -> list[Facility]:
    return [
        Facility(
            what=each.name,
            there=True,
            details=f"{environments.python_of(each)}, {', '.join(each.methods)} "
            f"(default {each.default_method}), {each.executable}",
        )
        for each in sorted(interpreters.find(), key=lambda each: environments.sort_key(each.name))
    ]


def _docker() -> list[Facility]:
    from startlab.backends.docker import debootstrap, engine, images

    try:
        client = engine.connect()
        with engine.in_words("asking what it is"):
            version, info = client.version(), client.info()
    except EngineError as error:
        return [Facility(what="Docker engine", there=False, details=str(error))]
    found = f"{version['Version']}, {info['Driver']}, cgroup v{info.get('CgroupVersion', 1)}"
    registry = images.Images(client, images.BuildOptions(), lambda _: None).registry_refusal()
    impossible = debootstrap.cannot_debootstrap(client.api)
    return [
        Facility(what="Docker engine", there=True, details=found),
        Facility(
            what="image registry",
            there=registry is None,
            details=registry or "answers: images can be built on the hub's (--bases hub)",
        ),
        Facility(
            what="debootstrap",
            there=impossible is None,
            details=impossible
            or f"images can be built from {debootstrap.host_mirror()} (--bases debian)",
        ),
    ]


def _py_spy() -> Facility:
    path = py_spy()
    return Facility(
        what="py-spy",
        there=path is not None,
        details=path or "not installed: stacks come from faulthandler",
    )
