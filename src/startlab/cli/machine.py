"""`startlab images`, `doctor`, `clean` and `completion`: commands for this machine."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from startlab.backends.opening import open_docker
from startlab.cli import health, options
from startlab.errors import EngineError
from startlab.model import Unavailable


@click.group()
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
@options.building
def build(wanted: tuple[str, ...], **said: Any) -> None:
    """Build the images of environments."""
    failed = 0
    with closing(open_docker(said, options.say)) as backend:
        for name in backend.names(wanted):
            image = backend.images.make(name)
            if isinstance(image, Unavailable):
                failed += 1
                options.say(f"{name}: {image.reason}")
            else:
                click.echo(f"{name}: {image.tag}")
    sys.exit(1 if failed else 0)


@images.command(name="list")
@options.JSON
def list_images(*, as_json: bool) -> None:
    """List the images that have been built."""
    with closing(open_docker({}, options.say)) as backend:
        rows = backend.images.rows()
    if as_json:
        options.print_json({"images": rows})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("environment", "image", "size", "created", "base", "python"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        size = f"{row.size / 1e6:.0f} MB"
        table.add_row(
            row.name, row.tag, size, f"{row.created:%Y-%m-%d %H:%M}", row.base, row.python
        )
    options.console().print(table)


@click.command()
@options.JSON
def doctor(*, as_json: bool) -> None:
    """Show what is available here, what is not, and why."""
    facilities = health.examine()
    if as_json:
        options.print_json({"facilities": facilities})
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    console = Console()
    there = "✓" if console.encoding.lower().startswith("utf") else "+"
    for each in facilities:
        glyph, style = (there, "green") if each.there else ("-", "magenta")
        table.add_row(f"[{style}]{glyph}[/]", each.what, Text(each.details))
    console.print(table)


@click.command()
@click.option(
    "--all", "everything", is_flag=True, help="Also remove the images, and virtual environments."
)
def clean(*, everything: bool) -> None:
    """Remove what killed runs have left behind.

    That is containers, volumes, processes and scratch folders.
    """
    from startlab.backends import leftovers, venvs
    from startlab.backends.docker import engine

    removed = leftovers.clean()
    if everything:
        removed += venvs.clean()
    try:
        removed += engine.clean(engine.connect(), everything=everything)
    except EngineError as error:
        click.echo(f"Docker was left alone: {error}", err=True)
    for each in removed:
        click.echo(f"removed {each}")
    if not removed:
        click.echo("There was nothing to remove.")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "fish", "zsh"]))
def completion(shell: str) -> None:
    """Print a shell's completion script.

    Have your shell's start-up file eval it.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click does not support {shell}.")
    click.echo(
        kind(
            click.get_current_context().find_root().command, {}, "startlab", "_STARTLAB_COMPLETE"
        ).source()
    )
