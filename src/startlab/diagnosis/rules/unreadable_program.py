"""A program that Python cannot read.

## What it sees
The program ends with a `SyntaxError`, or what it imports is not there.

## Why
The program needs a newer Python, or packages that are not installed in the environment.

## What to do
Install what it needs, or run it on the Pythons that it is written for. In your own environment, the
activated one or the project's `.venv`, it has what is installed there; the others get what
`pyproject.toml` or `requirements.txt` declares.

## Bad
```console
$ startlab run program.py
```

## Good
```console
$ startlab run --requirements requirements.txt program.py
$ startlab run --same-packages program.py
```
"""

from __future__ import annotations

import re
import sys
from typing import Final

from startlab.diagnosis.case import Case, Cause, what_was_raised
from startlab.diagnosis.distributions import distribution_of
from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism(
        "syntax",
        shown=True,
        advice="Run it on the Pythons that it is written for: --env NAME.",
    ),
    Mechanism(
        "missing_module",
        shown=True,
        advice="Install what it needs: --requirements FILE or --with PACKAGE.",
        cannot_run=True,
    ),
)

GONE: Final = frozenset({"asynchat", "asyncore", "distutils", "imp", "smtpd"})
"""Modules that the standard library had until 3.12, beside those that this Python knows."""

_NAMED: Final = re.compile(r"No module named '?(?P<name>[\w.]+)")

_NOT_THERE: Final = re.compile(
    r"^\S*python\S*: (Error while finding module specification for .+ \(ModuleNotFoundError: )?"
    r"No module named '?(?P<name>[\w.]+)[^\n]*\n?\Z",
    re.MULTILINE,
)
"""What Python says at last of `-m` and a module that is not there."""

_OF_CONFTEST: Final = re.compile(
    r"^ImportError while loading conftest .*^E +ModuleNotFoundError: No module named "
    r"'(?P<name>[\w.]+)'$",
    re.MULTILINE | re.DOTALL,
)
"""What pytest says of a conftest.py that imports a module which is not there."""


def find(case: Case) -> Cause | None:
    """See that this Python cannot compile the program, or lacks what it imports."""
    trial = case.trial
    if trial.exception is None:
        not_there = _NOT_THERE.search(trial.stderr) or _OF_CONFTEST.search(trial.stderr)
        return _lacking(case, not_there["name"]) if not_there else None
    said = what_was_raised(trial)
    if trial.exception.type in ("SyntaxError", "IndentationError", "TabError"):
        title = f"this Python cannot read the program: {said}"
        file = (trial.where or "").rpartition(":")[0]
        no_other = file and not case.sources.file(file).is_python
        advice = "Correct the line. If it is right on other Pythons:" if no_other else ""
        return Cause("syntax", title, "", trial.where, key=said, advice=advice)
    if trial.exception.type.endswith("metadata.PackageNotFoundError"):
        lacked = _METADATA.match(trial.exception.message)
        return _uninstalled(case, lacked["name"]) if lacked else None
    if trial.exception.type in ("ModuleNotFoundError", "ImportError"):
        named = _NAMED.match(trial.exception.message)
        if named is not None:
            return _lacking(case, named["name"])
        if all(each.exception == trial.exception for each in case.others):
            return Cause("missing_module", said, "", trial.where, key=said)
    return None


_METADATA: Final = re.compile(r"(No package metadata was found for )?(?P<name>[\w.-]+)$")
"""What importlib.metadata says of a distribution that is not installed, since 3.9 and before."""

_OWN: Final = (
    "It is the project's own: --with . installs the project; `python -m pytest` finds what is in "
    "the folder that it is run in, where `pytest` alone does not."
)

INSTALLING: Final = ("--with", "-r", "--requirements")
"""Options of startlab's that say what is installed."""


def _uninstalled(case: Case, name: str) -> Cause:
    """Tell which distribution is not installed, whose version or entry points are asked for."""
    text = f"--with . installs the project itself, if that is {name}; else --with {name} does."
    return Cause("missing_module", f"{name} is not installed", text, case.trial.where, key=name)


def _lacking(case: Case, module: str) -> Cause:
    """Tell which module is missing, and what has it."""
    where = case.trial.where
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in GONE:
        title = f"this Python has no module {module}"
        text = "It is in the standard library of other Pythons."
        return Cause("syntax", title, text, where, key=module)
    known = distribution_of(module)
    text = (
        _OWN
        if case.sources.file_of(top) is not None
        else (
            f"--with {known} installs it."
            if known
            else f"--with {top} installs it, unless its distribution has a different name."
        )
    )
    late = next((each for each in case.sources.arguments if each in INSTALLING), None)
    if late:
        text += (
            f" Here {late} stands after the script, and so is an argument of the script's: what "
            "startlab is to do stands before it, as in `startlab run --with PACKAGE script.py`."
        )
    return Cause("missing_module", f"the module {module} is missing", text, where, key=module)
