"""The pytest plugin: `pytest --start-methods=all` runs tests under every start method.

This module is imported by every pytest of an environment that has startlab: it imports nothing, and
what runs the tests only if it is asked for.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

MARKER = (
    "start_methods(*methods, xfail=None, strict=None): run a test under these start methods "
    "with --start-methods. xfail maps a method to the reason why it fails there, or to what it "
    "comes to: hang, crash, error."
)


def is_child() -> bool:
    """Whether this is a pytest that runs tests for another one."""
    return "startlab_tests" in sys.modules


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; a child has them from its own plugin."""
    if is_child():
        return
    group = parser.getgroup("startlab", "multiprocessing start methods")
    group.addoption(
        "--start-methods",
        metavar="METHODS",
        default=None,
        help="Run each test that uses multiprocessing under these start methods, and find out why "
        "one hangs, crashes or fails: all, none, or a list such as fork,spawn.",
    )
    group.addoption(
        "--start-isolation",
        choices=["batch", "fork", "fresh"],
        default="batch",
        help="One process for all tests of a start method, replaced after a hang or a crash "
        "(batch); a fork of it for each test (fork); or a new process for each test (fresh).  "
        "[default: batch]",
    )
    parser.addini("start_methods", "What --start-methods is if it is not given.", default="none")
    parser.addini(
        "start_methods_timeout",
        "Seconds after which a test hangs that cannot be proven to, unless pytest-timeout has "
        "another limit for it.",
        default="300",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin, if it is asked for."""
    if is_child():
        return
    config.addinivalue_line("markers", MARKER)
    wanted = config.option.start_methods or config.getini("start_methods")
    if wanted == "none" or (config.option.collectonly and not config.option.start_methods):
        return
    from startlab.pytest_plugin.suite import Suite

    config.pluginmanager.register(Suite(config, wanted), "startlab-suite")
