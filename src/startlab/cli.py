"""The command line: thin."""

from __future__ import annotations

import io
import os
import platform
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
import msgspec
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from startlab import __version__, catalogue, health, journal, plan
from startlab.errors import EngineError, NothingToRunError, SelectionError, StartlabError
from startlab.lab import Lab
from startlab.model import METHODS, SCHEMA_VERSION, RunHeader, Selection, Unavailable
from startlab.report import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from startlab.backends import Backend
    from startlab.backends.docker import DockerBackend
    from startlab.model import Cell, Experiment, Run

INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; a person's mistake is one message and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal has a ×
    try:
        cli.main(arguments, prog_name="startlab", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    except StartlabError as error:
        click.echo(f"startlab: {error}", err=True)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # Whoever read our output has had enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(0)


@click.group(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="startlab %(version)s")
def cli() -> None:
    """Run multiprocessing programs under every start method, and say with evidence what happens.

    Exit status: 0 everything as expected, 1 deviations, 2 bad usage, 3 nothing could be run.
    """


# --- selecting ---------------------------------------------------------------------------------


def _shard(_: object, __: object, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    number, slash, of = value.partition("/")
    if not (slash and number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise click.BadParameter(f"{value!r} is not K/N, like 2/5.")
    return int(number), int(of)


def selectors(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select cells."""
    for option in reversed(
        [
            click.option(
                "--backend",
                type=click.Choice(["auto", "native", "docker"]),
                default="auto",
                show_default=True,
                help="Where environments come from.",
            ),
            click.option(
                "--env",
                "-e",
                "environments",
                multiple=True,
                metavar="E",
                help="An environment, a glob of them, a version or a range: "
                "host-3.13, 'linux-*', 3.13, '>=3.12'. May be repeated.",
            ),
            click.option(
                "--experiment",
                "-x",
                "experiments",
                multiple=True,
                metavar="X",
                help="An experiment or a glob: countdown, 'lock*'. May be repeated.",
            ),
            click.option(
                "--method",
                "-m",
                "methods",
                multiple=True,
                type=click.Choice(METHODS),
                help="A start method. May be repeated.",
            ),
            click.option(
                "--shard",
                callback=_shard,
                metavar="K/N",
                help="Only the K-th of N equal parts of the cells.",
            ),
        ]
    ):
        command = option(command)
    return command


def building(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of how images are built, most of them for closed networks."""
    for option in reversed(
        [
            click.option(
                "--bases",
                type=click.Choice(["auto", "hub", "debian"]),
                default="auto",
                show_default=True,
                envvar="STARTLAB_BASES",
                help="What Docker images are built on: the hub's images, or root file "
                "systems made with debootstrap.",
            ),
            click.option(
                "--debian-mirror",
                metavar="URL",
                envvar="STARTLAB_DEBIAN_MIRROR",
                help="Where Debian packages come from.  [default: the host's own]",
            ),
            click.option(
                "--ca-bundle",
                type=EXISTING,
                envvar="STARTLAB_CA_BUNDLE",
                help="Certificates that builds trust while they fetch packages.",
            ),
            click.option(
                "--apt-config",
                type=EXISTING,
                envvar="STARTLAB_APT_CONFIG",
                help="An apt.conf for builds: a proxy, say.",
            ),
            click.option(
                "--build-network",
                "network",
                metavar="NET",
                envvar="STARTLAB_BUILD_NETWORK",
                help="The network of build steps, as docker build --network: host, say.",
            ),
        ]
    ):
        command = option(command)
    return command


BUILDING: Final = ("bases", "debian_mirror", "ca_bundle", "apt_config", "network")
EXISTING: Final = click.Path(path_type=Path, exists=True, dir_okay=False)

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def _print_json(document: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


def _say(text: str) -> None:
    Console(stderr=True).print(Text(text), soft_wrap=True)


def _backend(
    selection: Selection, building: dict[str, Any], run_id: str, say: Callable[[str], None]
) -> Backend:
    """Make the backend that is wanted; `auto` is Docker where an engine answers."""
    from startlab.backends import native

    if selection.backend == "native":
        return native.NativeBackend()
    try:
        backend = _docker(building, say, run_id=run_id, isolation=selection.isolation)
    except EngineError as error:
        if selection.backend == "docker":
            raise
        say(f"On this host's own interpreters: {error}")
        return native.NativeBackend()
    if selection.backend == "auto":
        say("In Docker images, for an engine answers; --backend native takes this host's Pythons.")
    return backend


def _docker(building: dict[str, Any], say: Callable[[str], None], **options: Any) -> DockerBackend:
    """Reach the Docker engine; its SDK is slow to import, and only needed here."""
    from startlab.backends.docker import PY_SPY, Content, DockerBackend
    from startlab.backends.images import BuildOptions

    package = Path(__file__).parent
    folders = {name: package / name for name in ("agent", "catalogue")}
    py_spy = health.py_spy()
    if py_spy is not None and sys.platform == "linux":  # one file, statically linked
        folders[PY_SPY] = Path(py_spy)
    content = Content.of(folders)
    return DockerBackend(content=content, say=say, options=BuildOptions(**building), **options)


# --- startlab lab ------------------------------------------------------------------------------


@cli.command()
@selectors
@building
@click.option(
    "--trials",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How often each cell is run.",
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1),
    default=None,
    help="Trials at the same time.  [default: the number of cores]",
)
@click.option(
    "--isolation",
    type=click.Choice(["pooled", "fresh"]),
    default="pooled",
    show_default=True,
    help="One container for all trials of an image, or one each.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0, min_open=True),
    default=None,
    metavar="S",
    help="Time limit of a trial, in seconds.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="The run's folder.  [default: .startlab/<time>-<id>]",
)
@click.option(
    "--resume", is_flag=True, help="Finish the run in --out, or the last one, as it was begun."
)
@JSON
def lab(jobs: int | None, out: Path | None, *, resume: bool, as_json: bool, **options: Any) -> None:
    """Run the experiments of the catalogue and report what is not as expected."""
    building_options, selection = _split(options)
    done: set[tuple[Cell, int]] = set()
    if resume:
        folder = journal.find(out or journal.RUNS / "latest").parent
        earlier = journal.read(folder)
        _same_catalogue(earlier)
        run_id, selection = earlier.header.id, earlier.header.selection
        done = {(t.cell, t.trial) for t in earlier.trials if t.outcome != "unavailable"}
    else:
        run_id, folder = journal.new_folder()
        folder = out or folder
        if (folder / journal.NAME).exists():
            raise SelectionError(
                f"{folder} holds a run already; finish it with --resume, or move it."
            )
    experiments = plan.choose(catalogue.load(), selection.experiments)
    with (
        terminal.Follower(Console(stderr=True)) as follower,
        closing(_backend(selection, building_options, run_id, follower.say)) as backend,
    ):
        if selection.environments:
            backend.names(selection.environments)  # a mistake is told before a run is begun
        with journal.Journal(folder) as book:
            journal.point_latest_at(folder)
            if not resume:
                book.write(_header(run_id, backend, selection))
            cores = os.cpu_count() or 1
            engine = Lab(
                experiments, backend, selection, book, follower, jobs=jobs or cores, done=done
            )
            try:
                interrupted = engine.run()
            except NothingToRunError as error:
                follower.say(f"startlab: {error}")
                interrupted = False
    run = journal.read(folder)
    if as_json:
        _print_json(run)
    elif run.environments:
        terminal.show(run, Console())
        click.echo(f"The run is in {folder}.")
    if interrupted:
        click.echo(f"Interrupted; finish it with: startlab lab --resume --out {folder}", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(exit_status(run))


def _split(options: dict[str, Any]) -> tuple[dict[str, Any], Selection]:
    """Tell the options of how images are built from those of what is run."""
    building_options = {key: options.pop(key) for key in BUILDING}
    selection = msgspec.convert(options | {"bases": building_options["bases"]}, Selection)
    return building_options, selection


def exit_status(run: Run) -> int:
    """Give 0 when everything is as expected, 1 for deviations, 3 when nothing could be run."""
    if all(trial.outcome in ("unavailable", "unsupported") for trial in run.trials):
        return 3
    deviating = run.missing or any(not trial.as_expected for trial in run.trials)
    return 1 if deviating else 0


def _header(run_id: str, backend: Backend, selection: Selection) -> RunHeader:
    return RunHeader(
        id=run_id,
        schema_version=SCHEMA_VERSION,
        startlab=__version__,
        catalogue=catalogue.digest(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        backend=backend.name,
        selection=selection,
        host={
            "system": platform.platform(),
            "machine": platform.machine(),
            "cores": str(os.cpu_count()),
            "python": platform.python_version(),
        },
    )


def _same_catalogue(earlier: Run) -> None:
    if earlier.header.catalogue != catalogue.digest():
        raise SelectionError(
            "The catalogue has changed since this run was begun, so what is left of it cannot be "
            "put beside what it found; begin a new run."
        )


# --- startlab list, show, plan -----------------------------------------------------------------


@cli.command(name="list")
@JSON
def list_(*, as_json: bool) -> None:
    """List the experiments of the catalogue."""
    experiments = catalogue.load()
    if as_json:
        _print_json(experiments)
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("experiment", no_wrap=True)
    table.add_column("what it is about")
    for experiment in experiments:
        table.add_row(experiment.name, experiment.title)
    Console().print(table)


@cli.command()
@click.argument("experiment", shell_complete=lambda *_: [e.name for e in catalogue.load()])
@JSON
def show(experiment: str, *, as_json: bool) -> None:
    """Show an experiment: its program, what it shows and why, what is expected, the cure."""
    (found,) = _one(experiment)
    program = (catalogue.ROOT / found.program).read_text("utf-8")
    if as_json:
        _print_json({"experiment": found, "program": program})
        return
    console = Console()
    console.print(f"[bold]{found.name}[/]: {found.title}\n", highlight=False)
    console.print(f"[bold]Claim[/]: {found.claim}\n", highlight=False)
    console.print(Syntax(program, "python", theme="ansi_dark", background_color="default"))
    console.print(f"[bold]Mechanism[/]\n{found.mechanism.strip()}\n", highlight=False)
    console.print(_expectations(found))
    if found.cure:
        console.print(f"\n[bold]Cure[/]\n{found.cure.strip()}", highlight=False)
    console.print("\n[bold]Source[/]")
    for source in found.source:
        console.print(f"  {source}", highlight=False, soft_wrap=True)


def _one(name: str) -> tuple[Experiment]:
    for experiment in catalogue.load():
        if experiment.name == name:
            return (experiment,)
    there = ", ".join(experiment.name for experiment in catalogue.load())
    raise SelectionError(f"There is no experiment {name}. There are: {there}.")


def _expectations(experiment: Experiment) -> Table:
    table = Table(box=None, pad_edge=False, title="Expected, first match", title_justify="left")
    for heading in ("method", "where", "outcome", "and"):
        table.add_column(heading)
    for expectation in experiment.expect:
        where = [expectation.when or ""]
        if expectation.free_threaded is not None:
            where.append("free-threaded" if expectation.free_threaded else "with the GIL")
        also = [
            f"{key} {value}"
            for key in ("exception", "stdout", "method_used")
            if (value := getattr(expectation, key)) is not None
        ]
        if expectation.unmeasured:
            also.append("unmeasured")
        table.add_row(
            ", ".join(expectation.method or experiment.methods),
            ", ".join(part for part in where if part) or "everywhere",
            " or ".join(expectation.outcome),
            "; ".join(also),
        )
    return table


@cli.command(name="plan")
@selectors
@building
@JSON
def plan_(*, as_json: bool, **options: Any) -> None:
    """Show the cells that a run would have."""
    building_options, selection = _split(options)
    experiments = plan.choose(catalogue.load(), selection.experiments)
    with closing(_backend(selection, building_options, "", _say)) as backend:
        names = backend.names(selection.environments)
    cells = [cell for name in names for cell in plan.cells(experiments, name, selection.methods)]
    if selection.shard is not None:
        cells = list(plan.shard(cells, *selection.shard))
    if as_json:
        _print_json({"cells": cells})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("experiment", "environment", "method"):
        table.add_column(heading, no_wrap=True)
    for cell in cells:
        table.add_row(cell.experiment, cell.environment, cell.method)
    Console().print(table)
    click.echo(f"{len(cells)} cells")


# --- startlab images, doctor, clean, completion ------------------------------------------------


@cli.group()
def images() -> None:
    """Build or list the Docker images of the lab."""


@images.command()
@click.option(
    "--env",
    "-e",
    "wanted",
    multiple=True,
    metavar="E",
    help="An environment or a glob.  [default: those of a default run]",
)
@building
def build(wanted: tuple[str, ...], **options: Any) -> None:
    """Build the images of environments."""
    failed = 0
    with closing(_docker(options, _say)) as backend:
        for name in backend.names(wanted):
            image = backend.images.make(name)
            if isinstance(image, Unavailable):
                failed += 1
                _say(f"{name}: {image.reason}")
            else:
                click.echo(f"{name}: {image.tag}")
    sys.exit(1 if failed else 0)


@images.command(name="list")
@JSON
def list_images(*, as_json: bool) -> None:
    """List the images that have been built."""
    with closing(_docker({}, _say)) as backend:
        rows = backend.images.rows()
    if as_json:
        _print_json({"images": rows})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("environment", "image", "size", "created", "base", "python"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        size = f"{row.size / 1e6:.0f} MB"
        table.add_row(
            row.name, row.tag, size, f"{row.created:%Y-%m-%d %H:%M}", row.base, row.python
        )
    Console().print(table)


@cli.command()
@JSON
def doctor(*, as_json: bool) -> None:
    """Say what is available here and what is not, and why."""
    findings = health.examine()
    if as_json:
        _print_json({"findings": findings})
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in findings:
        glyph, style = ("✓", "green") if finding.there else ("-", "yellow")
        table.add_row(f"[{style}]{glyph}[/]", finding.what, Text(finding.details))
    Console().print(table)


@cli.command()
@click.option("--all", "everything", is_flag=True, help="Also remove the images.")
def clean(*, everything: bool) -> None:
    """Remove what killed runs have left: containers, volumes, processes, scratch folders."""
    from startlab import leftovers
    from startlab.backends import dockerd

    removed = leftovers.clean()
    try:
        removed += dockerd.clean(dockerd.connect(), everything=everything)
    except EngineError as error:
        click.echo(f"Docker was left alone: {error}", err=True)
    for each in removed:
        click.echo(f"removed {each}")
    if not removed:
        click.echo("There was nothing to remove.")


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "fish", "zsh"]))
def completion(shell: str) -> None:
    """Print a shell's completion of startlab's words; have your shell's start-up file eval it."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click does not know {shell}.")
    click.echo(kind(cli, {}, "startlab", "_STARTLAB_COMPLETE").source())
