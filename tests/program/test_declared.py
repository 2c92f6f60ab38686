"""What a project declares that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from startlab.errors import ProgramError
from startlab.program.declared import needs

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = """
[project]
name = "crawler"
dependencies = ["polars>=1", "attrs ; python_version < '3.12'"]
[project.optional-dependencies]
test = ["pytest>=8"]
docs = ["sphinx"]
[dependency-groups]
dev = [{ include-group = "lint" }, "hypothesis"]
lint = ["ruff", { include-group = "dev" }]
"""


def test_dependencies_extras_and_groups_for_tests(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    assert needs(tmp_path) == (
        "polars>=1",
        'attrs; python_version < "3.12"',
        "ruff",
        "hypothesis",
        "pytest>=8",
    )


def test_a_project_that_requires_its_own_extras_means_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        """
        [project]
        name = "My_Crawler"
        dependencies = ["attrs"]
        [project.optional-dependencies]
        speed = ["polars", "my-crawler[speed, more]"]
        more = ["numpy"]
        test = ["my.crawler[speed]", "pytest"]
        """
    )
    assert set(needs(tmp_path)) == {"attrs", "polars", "numpy", "pytest"}


def test_dependencies_that_are_said_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'x'\ndynamic = ['dependencies']\n[dependency-groups]\ndev = ['pytest']\n"
    )
    (tmp_path / "requirements.txt").write_text("requests\npytest\n")
    assert needs(tmp_path) == ("pytest", "requests")


def test_else_what_is_in_requirements_txt(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 99\n")
    (tmp_path / "requirements.txt").write_text("requests==2.32  # pinned\n")
    assert needs(tmp_path) == ("requests==2.32",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[project",
        "project = 1",
        "[project]\ndependencies = 'polars'",
        "[project]\ndependencies = [1, 'not a requirement!']\noptional-dependencies = []",
        "[dependency-groups]\ntest = 'pytest'",
        f"x = {'[' * 3000}",
    ],
)
def test_what_declares_nothing_readable_needs_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert needs(tmp_path) == ()


def test_a_requirements_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ProgramError, match="it is not UTF-8"):
        needs(tmp_path)
