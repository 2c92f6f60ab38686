"""Running a user's own program: `startlab.run`, and what the command line makes of it."""

from __future__ import annotations

import os
import platform
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from startlab import __version__, catalogue
from startlab.backends.opening import open_backend
from startlab.engine.lab import Lab, Silent
from startlab.engine.subjects import ProgramSubject
from startlab.errors import ProgramError, SelectionError
from startlab.model import SCHEMA_VERSION, RunHeader, Selection
from startlab.plan import cells
from startlab.program import arguments
from startlab.program.requirements import Requirements
from startlab.program.requirements import read as read_requirements
from startlab.program.snapshot import Snapshot
from startlab.results import journal
from startlab.results.trials import by_cell

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from startlab.backends import Backend
    from startlab.engine.lab import Listener
    from startlab.model import Cell, Method, Program, Run


def run(
    program: str | os.PathLike[str] | Sequence[str],
    *,
    methods: Sequence[Method] = (),
    environments: Sequence[str] = (),
    backend: Literal["auto", "native", "docker"] = "auto",
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
    isolation: Literal["pooled", "fresh"] = "pooled",
    keep: bool = False,
    building: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    listener: Listener | None = None,
) -> Run:
    """Run a program, unmodified, under start methods and in environments; give all that was seen.

    `program` is a script's path, or words as after `startlab run`: `["script.py", "arg"]`, `["-m",
    "package.module"]`, `["--", "pytest", "tests"]`. Without `methods` it is run under all; without
    `environments` on the newest Python that its pyproject.toml supports, of each kind that there
    is; they are called by `platform`, if given. Without `trials` each cell is run once, and one
    that surprises once more. `stdin` and `expect_stdout` are files; what is not expected to be
    printed is not judged. `requirements` is a requirements file, `packages` what pip is to install
    besides, and `pip_config` a pip.conf to do so with. With `keep`, containers are left, and the
    listener is told how to enter them. `building` are the fields of `backends.images.BuildOptions`.
    The journal is in `folder`, `.startlab/<time>-<id>` by default; what is given reads the trials
    from it whenever they are asked for, and keeps it open (Windows deletes no file that is).

    Raises StartlabError: ProgramError for a program that cannot be run, SelectionError for a
    selector that matches nothing, NothingToRunError where there is nothing to run it with.
    """
    understood = understand(
        program,
        stdin=stdin,
        expect_stdout=expect_stdout,
        include=include,
        exclude=exclude,
        requirements=requirements,
        packages=packages,
        env=env,
    )
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
    )
    return begin(
        understood, selection,
        building=building, pip_config=pip_config, jobs=jobs, keep=keep, folder=folder,
        listener=listener,
    )  # fmt: skip


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
    """Understand what `run` is given. Raises ProgramError."""
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
    program: Program,
    selection: Selection,
    *,
    building: Mapping[str, Any] | None = None,
    pip_config: Path | None = None,
    jobs: int | None = None,
    keep: bool = False,
    folder: Path | None = None,
    listener: Listener | None = None,
) -> Run:
    """Begin a run of a program in a folder of its own; see `run`."""
    run_id, default = journal.new_folder()
    if folder is not None and folder.parent == journal.RUNS:
        run_id = folder.name
    folder = folder or default
    refuse_taken(folder)
    return _drive(
        program, selection, building or {}, listener or Silent(),
        pip_config=pip_config, jobs=jobs, keep=keep, folder=folder, run_id=run_id,
    )  # fmt: skip


def resume(
    folder: Path,
    *,
    building: Mapping[str, Any] | None = None,
    pip_config: Path | None = None,
    jobs: int | None = None,
    keep: bool = False,
    listener: Listener | None = None,
) -> Run:
    """Finish a run as it was begun. Raises ProgramError if its files have changed since."""
    earlier = journal.read(folder)
    header = earlier.header
    if header.program is None:
        raise SelectionError(
            f"{folder} is a run of the catalogue; finish it with: startlab lab --resume"
        )
    return _drive(
        header.program, header.selection, building or {}, listener or Silent(),
        pip_config=pip_config, jobs=jobs, keep=keep, folder=folder, run_id=header.id,
        done=already_run(earlier),
        resumed=True,
    )  # fmt: skip


def already_run(run: Run) -> set[tuple[Cell, int]]:
    """Give the trials that are left out when a run is resumed, by their cells and numbers."""
    return {
        (cell, trial.trial)
        for cell, trials in by_cell(run)
        for trial in trials
        if trial.outcome != "unavailable"
    }


def _drive(
    program: Program,
    selection: Selection,
    building: Mapping[str, Any],
    listener: Listener,
    *,
    pip_config: Path | None,
    jobs: int | None,
    keep: bool,
    folder: Path,
    run_id: str,
    done: Collection[tuple[Cell, int]] = (),
    resumed: bool = False,
) -> Run:
    wanted = None
    if program.requirements:
        wanted = Requirements(lines=program.requirements, pip_config=pip_config)
    with (
        closing(Snapshot(program)) as snapshot,
        closing(
            open_backend(
                selection,
                building,
                run_id,
                listener.say,
                program=snapshot.folder,
                requirements=wanted,
                keep=keep,
            )
        ) as backend,
    ):
        if resumed and snapshot.digest != program.digest:
            raise ProgramError(
                "The program's files have changed since this run was begun, so what is left of it "
                "cannot be put beside what it found; begin a new run."
            )
        program = msgspec.structs.replace(
            program, digest=snapshot.digest, sources=snapshot.sources(program.target)
        )
        names = backend.names(selection.environments)  # a mistake is told before a run is begun
        if not selection.environments:
            chosen = cells.newest_of_each_kind(names, program.requires_python)
            selection = msgspec.structs.replace(selection, environments=tuple(chosen))
        with journal.Journal(folder) as book:
            journal.point_latest_at(folder)
            if not resumed:
                book.write(header(run_id, backend, selection, program))
            Lab(
                [ProgramSubject(program, backend, selection)],
                backend,
                selection,
                book,
                listener,
                jobs=jobs or os.cpu_count() or 1,
                done=done,
            ).run()
        if keep:
            _tell_what_is_kept(backend, listener)
    return journal.read(folder)


def refuse_taken(folder: Path) -> None:
    """Raise SelectionError if a folder holds a run already, of which anything is known."""
    path = folder / journal.NAME
    if path.exists() and (not path.is_file() or path.stat().st_size):
        raise SelectionError(f"{folder} holds a run already; finish it with --resume, or move it.")


def _tell_what_is_kept(backend: Backend, listener: Listener) -> None:
    kept = backend.kept()
    for name, command in kept.items():
        listener.say(f"{name}: its container is kept; enter it with: {command}")
    if not kept:
        listener.say("Nothing is kept: there were no containers.")


def header(
    run_id: str, backend: Backend, selection: Selection, program: Program | None = None
) -> RunHeader:
    """Make the first line of a journal."""
    return RunHeader(
        id=run_id,
        schema_version=SCHEMA_VERSION,
        startlab=__version__,
        catalogue=catalogue.digest(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        backend=backend.name,
        selection=selection,
        program=program,
        host={
            "system": platform.platform(),
            "machine": platform.machine(),
            "cores": str(os.cpu_count()),
            "python": platform.python_version(),
        },
    )
