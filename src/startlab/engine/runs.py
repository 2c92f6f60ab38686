"""Runs, of a user's program or of the catalogue: begun, and finished later if need be."""

from __future__ import annotations

import os
import platform
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec

from startlab import __version__, catalogue
from startlab.backends import user_python
from startlab.backends.conversation import load
from startlab.backends.opening import open_backend
from startlab.engine.experiments import Experimenter
from startlab.engine.experiments.budget import Explain, Shared
from startlab.engine.lab import Lab, Silent
from startlab.engine.subjects import ExperimentSubject, ProgramSubject
from startlab.engine.suite import SuiteRun, SuiteSubject, is_suite, is_unittest, to_explain
from startlab.errors import ProgramError, SelectionError
from startlab.model import SCHEMA_VERSION, RunHeader, Selection
from startlab.plan import cells
from startlab.program import arguments, declared, imports, secrets
from startlab.program.requirements import Requirements
from startlab.program.requirements import read as read_requirements
from startlab.program.snapshot import Snapshot
from startlab.results import journal
from startlab.results.output_groups import grouped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from startlab.backends import Backend
    from startlab.engine.lab import Listener
    from startlab.engine.subjects import Subject
    from startlab.model import BackendChoice, Environment, Isolation, Method, Program, Run, Trial

Command = Literal["lab", "run"]
"""What begins a run of the catalogue, or of a program, and finishes it."""

KINDS: Final[Mapping[Command, str]] = {"lab": "the catalogue", "run": "a program"}


class How(NamedTuple):
    """How a run goes, which changes nothing of what it finds.

    `building` are the fields of `backends.images.BuildOptions`, `pip_config` is a pip.conf; with
    `keep`, containers stay, and the listener gets the commands that enter them. `explain` says how
    long causes are looked for by experiment.
    """

    building: Mapping[str, Any] = {}
    pip_config: Path | None = None
    jobs: int | None = None
    keep: bool = False
    listener: Listener = Silent()
    explain: Explain = "off"


AS_USUAL: Final = How()

MOST_NAMED: Final = 5
"""Links that are named; of more, how many."""


def run(
    program: str | os.PathLike[str] | Sequence[str],
    *,
    methods: Sequence[Method] = (),
    environments: Sequence[str] = (),
    backend: BackendChoice = "auto",
    platform: str = "",
    trials: int | None = None,
    jobs: int | None = None,
    timeout_s: float | None = None,
    stdin: Path | None = None,
    expect_stdout: Path | None = None,
    include: Sequence[Path] = (),
    exclude: Sequence[str] = (),
    requirements: Path | None = None,
    packages: Sequence[str] = (),
    pip_config: Path | None = None,
    env: Mapping[str, str] | None = None,
    python: Path | None = None,
    same_packages: bool = False,
    isolation: Isolation = "pooled",
    keep: bool = False,
    building: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    explain: Explain = "quick",
    listener: Listener | None = None,
) -> Run:
    """Run a program, unmodified, under start methods and in environments; return what was seen.

    `program` is a script's path, or arguments as for `startlab run`: `["script.py", "arg"]`,
    `["-m", "package.module"]`, `["--", "pytest", "tests"]`. Without `methods` it is run under all;
    without `environments` on the newest Python that its pyproject.toml supports, of each kind;
    their names begin with `platform`, if given. Without `trials` each cell is run once, and once
    more if its trial is a surprise. `stdin` and `expect_stdout` are files; without `expect_stdout`
    no output is called wrong. `requirements` is a requirements file, `packages` are installed in
    addition, and `pip_config` is the pip.conf to use. `python` is an interpreter, or the folder of
    an environment, to run it on as well, with what is installed there; without it that is the
    activated environment or the project's `.venv`, if there is one. The others then get what the
    project declares or, with `same_packages`, what is installed there. With `keep`, containers
    stay, and the listener gets the commands that enter them. `building` are the fields of
    `backends.images.BuildOptions`. `explain` says how long causes are looked for by experiment, if
    something is wrong: for 30 seconds at most (quick), 5 minutes (full), or not (off). The journal
    is in `folder`, `.startlab/<time>-<id>` by default; the returned run reads its trials from it
    when they are accessed, and keeps it open (Windows cannot delete an open file).

    Raises StartlabError: ProgramError for a program that cannot be run, SelectionError for a
    selector that matches nothing, NothingToRunError if no environment can run it.
    """
    said = understand(
        program,
        stdin=stdin,
        expect_stdout=expect_stdout,
        include=include,
        exclude=exclude,
        requirements=requirements,
        packages=packages,
        env=env,
    )
    executable = _users_python(said, backend, python)
    understood = _with_packages(said, executable, same=same_packages)
    selection = Selection(
        backend=backend,
        platform=platform,
        environments=tuple(environments),
        methods=tuple(methods),
        trials=trials or 1,
        repeat=trials is None,
        isolation=isolation,
        timeout_s=timeout_s,
        bases=(building or {}).get("bases", "auto"),
        python="" if executable is None else os.fspath(executable),
    )
    how = How(building or {}, pip_config, jobs, keep, listener or Silent(), explain)
    return begin(folder or journal.new_folder(), selection, understood, how)


def _users_python(program: Program, backend: BackendChoice, given: Path | None) -> Path | None:
    """Find the user's own Python, unless all is to be in containers. Raises ProgramError."""
    if backend != "docker":
        return user_python.find(Path(program.root, program.folder), os.environ, given)
    if given is not None:
        raise ProgramError(
            "--python is an interpreter of this machine, and with --backend docker nothing runs "
            "on those: leave one of them away."
        )
    return None


def _with_packages(program: Program, executable: Path | None, *, same: bool) -> Program:
    """Give the other Pythons what the project declares, or the `same` as the user's own has.

    Raises ProgramError.
    """
    if same and program.requirements:
        raise ProgramError("--same-packages takes no --requirements and no --with beside it.")
    if same and executable is None:
        raise ProgramError(
            "--same-packages: there is no environment whose packages they are. Activate it, or "
            "name it with --python."
        )
    if executable is None or program.requirements:
        return program
    project = Path(program.root, program.folder)
    needed = user_python.installed(executable) if same else declared.needs(project)
    return msgspec.structs.replace(
        program, requirements=needed, required_by="environment" if same else "project"
    )


def understand(
    program: str | os.PathLike[str] | Sequence[str],
    *,
    stdin: Path | None = None,
    expect_stdout: Path | None = None,
    include: Sequence[Path] = (),
    exclude: Sequence[str] = (),
    requirements: Path | None = None,
    packages: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    **_: object,
) -> Program:
    """Parse the program that `run` is given. Raises ProgramError."""
    words = [os.fspath(program)] if isinstance(program, str | os.PathLike) else list(program)
    return arguments.understand(
        words,
        include=include,
        exclude=exclude,
        env=env,
        stdin=stdin,
        stdout=expect_stdout,
        requirements=read_requirements(requirements, packages),
    )


def begin(
    folder: Path, selection: Selection, program: Program | None = None, how: How = AS_USUAL
) -> Run:
    """Begin a run of a program, or else of the catalogue, in a folder of its own; see `run`."""
    journal.refuse_taken(folder)  # before all that takes time
    if program is not None and is_unittest(program):
        how.listener.say(
            "python -m unittest runs as one program, with a cell for each start method. pytest "
            "runs the same tests: with `startlab run -- pytest` each of them has cells of its own."
        )
    run_id = folder.name if folder.parent == journal.RUNS else journal.new_id()
    with (
        _opened(run_id, selection, program, how) as opened,
        journal.Journal(folder, new=True) as book,
    ):
        journal.point_latest_at(folder)
        book.write(_header(run_id, opened))
        interrupted = opened.lab(book, how).run()
        if not interrupted:
            _explain(folder, book, opened, how)
    return journal.read(folder)


def resume(
    folder: Path,
    command: Command = "run",
    how: How = AS_USUAL,
    *,
    env: Mapping[str, str] | None = None,
    requirements: Sequence[str] = (),
) -> Run:
    """Finish a run as it was begun; what no journal keeps, is in `env` and `requirements`.

    Raises SelectionError for a run of another kind than `command` begins, ProgramError where the
    program's files have changed since or a secret is missing.
    """
    folder = journal.find(folder).parent
    with journal.Journal(folder) as book:
        earlier = journal.read(folder)
        header = earlier.header
        _refuse_other_kind(folder, header, command)
        program = header.program
        if program is None:
            _refuse_changed_catalogue(header)
        else:
            program = secrets.restored(program, env or {}, requirements)
        with _opened(header.id, header.selection, program, how) as opened:
            _refuse_changed_files(header, opened)
            journal.point_latest_at(folder)
            interrupted = opened.lab(book, how, earlier.trials).run()
            if not interrupted:
                _explain(folder, book, opened, how)
    return journal.read(folder)


class _Opened(NamedTuple):
    """All that a run needs while it goes."""

    backend: Backend
    selection: Selection
    subjects: Sequence[Subject]
    program: Program | None

    def lab(self, book: journal.Journal, how: How, earlier: Sequence[Trial] = ()) -> Lab | SuiteRun:
        """Make the engine of it."""
        suite = self.subjects[0]
        if isinstance(suite, SuiteSubject):
            return SuiteRun(suite, self.backend, self.selection, book, how.listener, earlier)
        return Lab(
            self.subjects, self.backend, self.selection, book, how.listener,
            jobs=how.jobs or os.cpu_count() or 1,
            earlier=earlier,
        )  # fmt: skip


def _explain(folder: Path, book: journal.Journal, opened: _Opened, how: How) -> None:
    """Look for the causes of what a program, or a test, does otherwise somewhere, by experiment."""
    if how.explain == "off" or opened.program is None:
        return
    subject = opened.subjects[0]
    run = grouped(journal.read(folder))
    is_of_tests = isinstance(subject, SuiteSubject)
    parts = [*to_explain(run, subject)] if isinstance(subject, SuiteSubject) else [(run, subject)]
    shared = Shared(how.explain, len(parts))
    said = False
    for part, one in parts:
        budget = shared.next()
        with closing(
            Experimenter(part, one, opened.backend, budget, is_of_test=is_of_tests)
        ) as experimenter:
            if not experimenter.has_work:
                continue
            if not said:
                how.listener.say(
                    "Looking for causes by experiment, for at most "
                    f"{shared.longest_s(load()):.0f} s; "
                    "--explain off leaves that out."
                )
                said = True
            if is_of_tests:
                experimenter.run_anew()
            for made in experimenter.explain():
                book.write(msgspec.structs.replace(made, test=one.name if is_of_tests else ""))
            if not is_of_tests:
                for trial in experimenter.failed.values():  # what was ok was so by chance
                    before = [each.trial for each in run.trials if each.cell == trial.cell]
                    book.write(msgspec.structs.replace(trial, trial=max(before) + 1))
        shared.use(budget)


def _opened(
    run_id: str, selection: Selection, program: Program | None, how: How
) -> AbstractContextManager[_Opened]:
    """Open a backend for a run; invalid selectors fail before the run begins."""
    if program is None:
        return _catalogue_opened(run_id, selection, how)
    return _program_opened(run_id, selection, program, how)


@contextmanager
def _catalogue_opened(run_id: str, selection: Selection, how: How) -> Iterator[_Opened]:
    experiments = cells.choose(catalogue.load(), selection.experiments)
    with closing(open_backend(selection, how.building, run_id, how.listener.say)) as backend:
        if selection.environments:
            backend.names(selection.environments)
        subjects = [ExperimentSubject(each, selection) for each in experiments]
        yield _Opened(backend, selection, subjects, None)


@contextmanager
def _program_opened(
    run_id: str, selection: Selection, program: Program, how: How
) -> Iterator[_Opened]:
    wanted = None
    if program.requirements:
        wanted = Requirements(lines=program.requirements, pip_config=how.pip_config)
    user = None
    if selection.python:
        user = user_python.probe(Path(selection.python), selection.platform)
    with closing(Snapshot(program)) as snapshot, ExitStack() as opened:
        if snapshot.left_out:
            how.listener.say(_left_out(snapshot.left_out))
        if snapshot.too_large:
            where = Path(program.root, program.folder)
            how.listener.say(
                f"{where} has {snapshot.too_large}: that is too much to go with "
                f"{program.name}. What goes are small files beside it, and the packages that it "
                "imports from there. If it needs more of it, say so: --include PATH"
            )
        program = msgspec.structs.replace(
            program, digest=snapshot.digest, sources=snapshot.sources(program.target)
        )
        if user is not None and not selection.environments and not program.requirements:
            selection = _where_its_packages_are(program, user, selection, how.listener)
        chosen = open_backend(
            selection,
            how.building,
            run_id,
            how.listener.say,
            program=snapshot.folder,
            requirements=wanted,
            user=user,
            keep=how.keep,
        )
        backend = opened.enter_context(closing(chosen))
        names = backend.names(selection.environments)
        mine = [user.name] if user is not None and user.name in names else []
        if user is not None and mine:
            how.listener.say(_using(user))
        if not selection.environments:
            newest = [*mine, *cells.newest_of_each_kind(names, program.requires_python)]
            environments = tuple(dict.fromkeys(newest))
            selection = msgspec.structs.replace(selection, environments=environments)
        kind = SuiteSubject if is_suite(program) else ProgramSubject
        subject = kind(program, backend, selection)
        yield _Opened(backend, selection, [subject], program)
        if how.keep:
            _tell_what_is_kept(backend, how.listener)


def _where_its_packages_are(
    program: Program, user: Environment, selection: Selection, listener: Listener
) -> Selection:
    """Choose the user's environment alone, if nothing says what to install in the others."""
    needed = imports.packages(program)
    if not needed:
        return selection
    which = needed[0] if len(needed) == 1 else f"{needed[0]} and others"
    listener.say(
        f"Other Pythons are left out: the program imports {which}, and no pyproject.toml or "
        "requirements.txt declares what it needs. --same-packages or --with PACKAGE adds them."
    )
    return msgspec.structs.replace(selection, environments=(user.name,))


def _using(user: Environment) -> str:
    shown = user_python.shown(user, Path.cwd())
    return (
        f"Using the environment {shown} (Python {user.python}) as {user.name}, with its packages."
    )


def _left_out(links: Sequence[Path]) -> str:
    here = Path.cwd()
    names = [str(each.relative_to(here) if each.is_relative_to(here) else each) for each in links]
    named = ", ".join(names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        named += f" and {len(names) - MOST_NAMED} more"
    return (
        f"Links that lead out of the program's folder are left out of its copy: {named}. If it "
        f"needs one, say so: --include {names[0]}"
    )


def _refuse_other_kind(folder: Path, header: RunHeader, command: Command) -> None:
    is_of: Command = "lab" if header.program is None else "run"
    if is_of != command:
        raise SelectionError(
            f"{folder} is a run of {KINDS[is_of]}, and startlab {command} runs {KINDS[command]}; "
            f"finish it with: startlab {is_of} --resume --out {folder}"
        )


def _refuse_changed_catalogue(header: RunHeader) -> None:
    if header.catalogue != catalogue.digest():
        raise SelectionError(
            "The catalogue has changed since this run was begun, so what is left of it cannot be "
            "put beside what it found; begin a new run."
        )


def _refuse_changed_files(header: RunHeader, opened: _Opened) -> None:
    before, now = header.program, opened.program
    if before is not None and now is not None and before.digest != now.digest:
        raise ProgramError(
            "The program's files have changed since this run was begun, so what is left of it "
            "cannot be put beside what it found; begin a new run."
        )


def _tell_what_is_kept(backend: Backend, listener: Listener) -> None:
    kept = backend.kept()
    for name, command in kept.items():
        listener.say(f"{name}: its container is kept; enter it with: {command}")
    if not kept:
        listener.say("Nothing is kept: there were no containers.")


def _header(run_id: str, opened: _Opened) -> RunHeader:
    """Make the first line of a journal."""
    return RunHeader(
        id=run_id,
        schema_version=SCHEMA_VERSION,
        startlab=__version__,
        catalogue=catalogue.digest(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        backend=opened.backend.name,
        selection=opened.selection,
        program=None if opened.program is None else secrets.hidden(opened.program),
        host={
            "system": platform.platform(),
            "machine": platform.machine(),
            "cores": str(os.cpu_count()),
            "python": platform.python_version(),
        },
    )
