"""What is run: experiments of the catalogue, or the user's program."""

from __future__ import annotations

import posixpath
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from startlab.backends import user_python
from startlab.judge.trial import judge, judge_program
from startlab.model import START_METHODS, Request
from startlab.plan import cells
from startlab.plan.environments import python_of
from startlab.program import secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.backends import Agent, Backend
    from startlab.model import (
        Cell,
        Environment,
        Experiment,
        Method,
        Observation,
        Program,
        Selection,
        Trial,
    )

EXPERIMENT_TIMEOUT_S: Final = 10.0
PROGRAM_TIMEOUT_S: Final = 60.0
"""A user's program may take a while; a hang that can be proven is found earlier."""

DIGEST: Final = len("sha256:") + 12
"""Characters of an image's digest that name it beside a command; a report has all of it."""

TAKEN: Final = re.compile(
    r"address (?:already )?in use|\bEADDRINUSE\b|\bport \d+ is (?:already )?(?:in use|taken)"
    r"|WinError 10048|File exists: '/",
    re.IGNORECASE,
)
"""What is said of a taken port, or a taken name: of shared memory, or of a file by absolute path.

asyncio begins its message with a small letter, and web servers have words of their own.
"""


class Subject(cells.Named, Protocol):
    """What is run: its cells are planned, requested and judged by it."""

    @property
    def exclusive(self) -> bool:
        """Whether nothing may run beside it."""

    @property
    def may_lack(self) -> bool:
        """Whether an environment that lacks what it needs is as expected."""

    @property
    def may_pin(self) -> bool:
        """Whether it may choose its start method itself, whatever it is asked to use."""

    def lacking(self, environment: Environment) -> str | None:
        """Return what it needs and the environment lacks; None if it can be run there."""

    def request(self, cell: Cell, environment: Environment, agent: Agent) -> Request:
        """Return what the agent runs."""

    def disturbed(self, observation: Observation) -> bool:
        """Whether a trial looks as if another one that ran beside it interfered."""

    def judge(
        self, cell: Cell, environment: Environment, number: int, observation: Observation
    ) -> Trial:
        """Judge a trial."""


class ExperimentSubject:
    """An experiment of the catalogue, judged by what the catalogue expects."""

    may_lack = True
    may_pin = False

    def __init__(self, experiment: Experiment, selection: Selection) -> None:
        self._experiment = experiment
        self._platform = ["--platform", selection.platform] if selection.platform else []
        self._timeout_s = selection.timeout_s or experiment.timeout_s or EXPERIMENT_TIMEOUT_S
        self.name = experiment.name
        self.methods = experiment.methods
        self.exclusive = experiment.exclusive

    def lacking(self, environment: Environment) -> str | None:
        """Return what the experiment needs and the environment lacks."""
        return cells.lacking(self._experiment, environment)

    def request(self, cell: Cell, environment: Environment, agent: Agent) -> Request:
        """Run its program, under the cell's method unless the experiment forbids forcing it."""
        experiment, method = self._experiment, cell.method
        program = f"{agent.content}/catalogue/{experiment.program}"
        args = (arg.format(method=method) for arg in experiment.args)
        return Request(
            argv=(environment.executable, program, *args),
            method=method if experiment.force and method != "default" else None,
            timeout_s=self._timeout_s,
            python=environment.executable,
        )

    def disturbed(self, _: Observation) -> bool:
        """Never: an experiment that cannot run beside others is exclusive."""
        return False

    def judge(
        self, cell: Cell, environment: Environment, number: int, observation: Observation
    ) -> Trial:
        """Judge a trial by the catalogue."""
        words = ["startlab", "lab", "--backend", environment.backend, *self._platform]
        words += ["--env", cell.environment]
        words += ["--experiment", cell.experiment, "--method", cell.method]
        reproduce = _reproduce(words, environment)
        return judge(self._experiment, environment, cell, number, observation, reproduce)


class ProgramSubject:
    """The user's own program; every trial has a copy of its files."""

    exclusive = False
    may_lack = False

    def __init__(self, program: Program, backend: Backend, selection: Selection) -> None:
        self.program = program
        self.backend = backend
        self.selection = selection
        self._commands: dict[str, Sequence[str] | None] = {}
        self._paths: dict[str, str] = {}
        self._veil = secrets.Veil(program)
        self.name = program.name
        self.may_pin = any("set_start_method(" in text for text in program.sources.values())
        self.methods: tuple[Method, ...] = START_METHODS

    def lacking(self, environment: Environment) -> str | None:
        """Return that a command is missing, if so."""
        self._paths[environment.name] = self._path(environment)
        if self.program.kind != "command":
            return None
        name = self.program.target
        found = self.backend.ask(environment, "find_command.py", name)
        if not isinstance(found, list):
            return (
                f"{environment.name} has no command and no module {name}; --with {name} installs "
                "the package of that name"
            )
        self._commands[environment.name] = found
        return None

    def _path(self, environment: Environment) -> str:
        """Give the PYTHONPATH; the user's own environment may have the project installed."""
        program = self.program
        if not program.pythonpath or (environment.prefix and self._is_there(environment)):
            return ""
        return posixpath.relpath(program.pythonpath, program.cwd)

    def _is_there(self, environment: Environment) -> bool:
        """Tell whether an environment finds the modules of the project by itself."""
        src = Path(self.program.root, self.program.pythonpath)
        files = {each.relative_to(src).parts[0] for each in src.glob("**/*.py")}
        modules = sorted(each.removesuffix(".py") for each in files)
        said = self.backend.ask(environment, "probe.py", *modules)
        return isinstance(said, dict) and said.get("libraries") == modules

    def request(self, cell: Cell, environment: Environment, agent: Agent) -> Request:
        """Run it in a fresh copy of its folder."""
        program = self.program
        if program.kind == "command":
            argv = [*(self._commands[environment.name] or ()), *program.args]
        else:
            argv = [environment.executable, *program.argv[1:]]
        return Request(
            argv=tuple(argv),
            method=None if cell.method == "default" else cell.method,
            timeout_s=self.selection.timeout_s or PROGRAM_TIMEOUT_S,
            env=self._variables(environment),
            files=f"{agent.program}/files",
            cwd=program.cwd,
            stdin_file=None if program.stdin is None else f"{agent.program}/stdin",
            python=environment.executable,
        )

    def _variables(self, environment: Environment) -> dict[str, str]:
        path = self._paths[environment.name]
        own = {"PYTHONPATH": path} if path else {}
        if self.program.installed:
            own["STARTLAB_OWN"] = "/".join(self.program.installed)
        return user_python.variables(environment) | own | self.program.env

    def disturbed(self, observation: Observation) -> bool:
        """Whether a port, or a name that all trials share, was already taken."""
        return any(TAKEN.search(each.text()) for each in (observation.stdout, observation.stderr))

    def judge(
        self, cell: Cell, environment: Environment, number: int, observation: Observation
    ) -> Trial:
        """Judge a trial by what every program should do: end by itself, without an exception."""
        words = ["startlab", "run", "--backend", environment.backend]
        if self.selection.platform:
            words += ["--platform", self.selection.platform]
        words += ["--env", cell.environment]
        if environment.backend == "docker" and self.selection.bases != "auto":
            words += ["--bases", self.selection.bases]
        words += ["--method", cell.method]
        program = self.program
        if environment.prefix:  # it has its own packages
            here = Path(program.root, program.cwd)
            words += ["--python", user_python.shown(environment, here)]
            program = msgspec.structs.replace(program, requirements=(), required_by="user")
        words += options(program, self.selection)
        reproduce = _reproduce(words, environment)
        trial = judge_program(program, cell, number, observation, reproduce, environment.prefix)
        return self._veil.over(trial)


def options(program: Program, selection: Selection) -> list[str]:
    """Return the words of a command line that mean a program, run from its `cwd`.

    What is secret is left out: variables are taken from the environment.
    """
    words = []
    if selection.timeout_s is not None:
        words += ["--timeout", f"{selection.timeout_s:g}"]
    for option, values in (("--include", program.include), ("--exclude", program.exclude)):
        for value in values:
            words += [option, value]
    for name in program.env:
        words += ["--env-var", name]
    if program.stdin is not None:
        words += ["--stdin", program.stdin]
    words += _packages(program)
    match program.kind:
        case "script" | "module":
            return [*words, *program.argv[1:]]
        case "command" | "test":
            return [*words, "--", *program.argv]


def _packages(program: Program) -> list[str]:
    """Return the words that mean what is installed; what the project declares needs none."""
    if program.required_by == "environment":
        return ["--same-packages"]
    if program.required_by == "project" or not program.requirements:
        return []
    words = []
    for requirement in program.requirements:
        words += ["--with", secrets.without_credentials(requirement)]
    return words


def _reproduce(words: Sequence[str], environment: Environment) -> str:
    image = f", image {environment.image[:DIGEST]}" if environment.image else ""
    return f"{shlex.join(words)}  # {python_of(environment)}{image}"
