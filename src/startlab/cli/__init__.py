"""The command line: thin."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from startlab import __version__
from startlab.cli import experiments, lab, machine, plan
from startlab.errors import StartlabError

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        sys.exit(lab.INTERRUPTED)
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


for command in (
    lab.lab,
    experiments.list_,
    experiments.show,
    plan.plan,
    machine.images,
    machine.doctor,
    machine.clean,
    machine.completion,
):
    cli.add_command(command)
