"""What is told of a module that is missing: the package that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from startlab.diagnosis.case import Case
from startlab.diagnosis.rules import unreadable_program
from startlab.diagnosis.source.sources import Sources
from startlab.model import Program, PythonException, Trial

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = Program(kind="script", name="p.py", target="p.py", root="/nowhere")


def told(kind: str, message: str, *args: str) -> tuple[str, str, str]:
    trial = Trial(
        experiment="p.py", environment="host-3.13", method="fork", trial=0, outcome="error",
        reason="", as_expected=False, expected=("ok",), where="p.py:1", stdout="",
        exception=PythonException(type=kind, message=message),
    )  # fmt: skip
    cause = unreadable_program.find(
        Case(trial, Sources(msgspec.structs.replace(PROGRAM, args=args)))
    )
    assert cause is not None
    return cause.mechanism, cause.title, cause.text


@pytest.mark.parametrize(
    ("message", "module", "package"),
    [
        ("No module named 'pluggy.hooks'", "pluggy.hooks", "pluggy"),
        ("No module named 'yaml'", "yaml", "PyYAML"),
        ("No module named 'PIL.Image'", "PIL.Image", "pillow"),
        ("No module named 'google.protobuf.json'", "google.protobuf.json", "protobuf"),
        ("No module named 'opentelemetry.sdk'", "opentelemetry.sdk", "opentelemetry-sdk"),
        ("No module named sklearn.svm", "sklearn.svm", "scikit-learn"),
    ],
)
def test_a_missing_module_is_named_with_the_package_that_has_it(
    message: str, module: str, package: str
) -> None:
    assert told("ModuleNotFoundError", message) == (
        "missing_module",
        f"the module {module} is missing",
        f"--with {package} installs it.",
    )


@pytest.mark.parametrize("said", ["No package metadata was found for ddSMT", "ddSMT"])
def test_a_distribution_that_is_not_installed_is_named(said: str) -> None:
    assert told("importlib.metadata.PackageNotFoundError", said) == (
        "missing_module",
        "ddSMT is not installed",
        "--with . installs the project itself, if that is ddSMT; else --with ddSMT does.",
    )


def test_an_option_after_the_script_is_the_scripts_own() -> None:
    message = "No module named 'yaml'"
    late = told("ModuleNotFoundError", message, "--fast", "--with", "PyYAML")[2]
    assert "--with stands after the script" in late
    assert "after the script" not in told("ModuleNotFoundError", message, "--fast")[2]


def test_what_has_it_is_not_guessed() -> None:
    """On PyPI another may have the name of the module."""
    assert told("ModuleNotFoundError", "No module named 'no_such.part'")[2] == (
        "--with no_such installs it, unless its distribution has a different name."
    )


@pytest.mark.parametrize("module", ["distutils.core", "tomllib", "imp"])
def test_what_other_pythons_have_is_nothing_to_install(module: str) -> None:
    mechanism, title, text = told("ModuleNotFoundError", f"No module named '{module}'")
    assert (mechanism, title) == ("syntax", f"this Python has no module {module}")
    assert "--with" not in text


def test_another_error_of_an_import_is_told_as_it_is() -> None:
    message = "cannot import name 'x' from 'y'"
    assert told("ImportError", message) == ("missing_module", f"ImportError: {message}", "")


def test_a_conftest_that_cannot_import_the_project_itself_says_how_it_is_found(
    tmp_path: Path,
) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    program = Program(
        kind="command", name="pytest", target="pytest", args=("-q",), root=str(tmp_path)
    )
    trial = Trial(
        experiment="pytest", environment="host-3.13", method="fork", trial=0, outcome="error",
        reason="", as_expected=False, expected=("ok",), stdout="",
        stderr="ImportError while loading conftest '/p/tests/conftest.py'.\n"
        "tests/conftest.py:6: in <module>\n    from shop import db\n"
        "E   ModuleNotFoundError: No module named 'shop'\n",
    )  # fmt: skip
    cause = unreadable_program.find(Case(trial, Sources(program)))
    assert cause is not None
    assert (cause.mechanism, cause.title) == ("missing_module", "the module shop is missing")
    assert "--with . installs the project" in cause.text


@pytest.mark.parametrize(("text", "advised"), [("with pool:\n", True), ("print(1)\n", False)])
def test_what_no_python_can_read_is_to_be_corrected(text: str, *, advised: bool) -> None:
    """One that today's Python reads is written for another than the one that could not."""
    trial = Trial(
        experiment="p.py", environment="host-3.13", method="fork", trial=0, outcome="error",
        reason="", as_expected=False, expected=("ok",), where="p.py:1", stdout="",
        exception=PythonException(type="SyntaxError", message="invalid syntax"),
    )  # fmt: skip
    program = msgspec.structs.replace(PROGRAM, sources={"p.py": text})
    cause = unreadable_program.find(Case(trial, Sources(program)))
    assert cause is not None
    assert cause.advice.startswith("Correct the line") == advised
