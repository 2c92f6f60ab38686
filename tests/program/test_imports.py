"""What a program imports from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from startlab.model import Program
from startlab.program.imports import packages


def of(sources: dict[str, str], **said: Any) -> tuple[str, ...]:
    program = {"kind": "script", "name": "a.py", "target": "a.py", "root": "/nowhere"} | said
    return packages(Program(sources=sources, **program))


def test_what_is_of_the_standard_library_or_its_own_is_not_from_elsewhere() -> None:
    sources = {"a.py": "import os.path, b\nfrom multiprocessing import Pool", "b.py": "import c"}
    assert of(sources) == ("c",)


def test_its_own_modules_are_followed_and_files_beside_them_are_not() -> None:
    sources = {
        "a.py": "from lib.x import y",
        "lib/__init__.py": "def f():\n import polars as pl",
        "lib/x.py": "from . import z\nimport numpy.random",
        "other.py": "import torch",
    }
    assert of(sources) == ("numpy", "polars")


@pytest.mark.parametrize(
    "text",
    [
        "try:\n import numpy\nexcept ImportError:\n pass",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import numpy",
        "import typing\nif typing.TYPE_CHECKING:\n import numpy",
        "import numpy as",
        "x = " + "[" * 5000,
    ],
)
def test_what_it_may_go_without_does_not_count(text: str) -> None:
    assert of({"a.py": text}) == ()


def test_modules_are_where_python_looks_for_them() -> None:
    sources = {"src/pack/__main__.py": "import pack.a, b, numpy", "src/pack/a.py": "import polars"}
    assert of(sources, kind="module", target="pack", pythonpath="src") == ("b", "numpy", "polars")
    assert of({"tools/a.py": "import b", "tools/b.py": "import c"}, target="tools/a.py") == ("c",)
    assert of({"tools/__main__.py": "import b", "tools/b.py": ""}, target="tools") == ()


def test_a_command_may_read_any_file() -> None:
    sources = {"tests/test_a.py": "import pytest", "a.py": "import numpy"}
    assert of(sources, kind="command", target="pytest") == ("numpy", "pytest")
