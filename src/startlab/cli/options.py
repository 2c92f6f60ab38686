"""The options that commands share, and what is made of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec
from rich.console import Console
from rich.text import Text

import startlab
from startlab import health
from startlab.errors import EngineError
from startlab.model import METHODS, Selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.backends import Backend
    from startlab.backends.docker import DockerBackend


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


def print_json(document: object) -> None:
    """Print the one JSON document of `--json`."""
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


def say(text: str) -> None:
    """Tell a person something, on stderr."""
    Console(stderr=True).print(Text(text), soft_wrap=True)


def open_backend(
    selection: Selection, building: dict[str, Any], run_id: str, say: Callable[[str], None]
) -> Backend:
    """Make the backend that is wanted; `auto` is Docker where an engine answers."""
    from startlab.backends import native

    if selection.backend == "native":
        return native.NativeBackend()
    try:
        backend = open_docker(building, say, run_id=run_id, isolation=selection.isolation)
    except EngineError as error:
        if selection.backend == "docker":
            raise
        say(f"On this host's own interpreters: {error}")
        return native.NativeBackend()
    if selection.backend == "auto":
        say("In Docker images, for an engine answers; --backend native takes this host's Pythons.")
    return backend


def open_docker(
    building: dict[str, Any], say: Callable[[str], None], **options: Any
) -> DockerBackend:
    """Reach the Docker engine; its SDK is slow to import, and only needed here."""
    from startlab.backends.docker import PY_SPY, Content, DockerBackend
    from startlab.backends.images import BuildOptions

    package = Path(startlab.__file__).parent
    folders = {name: package / name for name in ("agent", "catalogue")}
    py_spy = health.py_spy()
    if py_spy is not None and sys.platform == "linux":  # one file, statically linked
        folders[PY_SPY] = Path(py_spy)
    content = Content.of(folders)
    return DockerBackend(content=content, say=say, options=BuildOptions(**building), **options)


def split(options: dict[str, Any]) -> tuple[dict[str, Any], Selection]:
    """Tell the options of how images are built from those of what is run."""
    building_options = {key: options.pop(key) for key in BUILDING}
    selection = msgspec.convert(options | {"bases": building_options["bases"]}, Selection)
    return building_options, selection
