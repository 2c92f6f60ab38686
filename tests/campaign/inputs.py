"""Bad input of all kinds: one message, exit status 2 or 3, and no traceback."""

from __future__ import annotations

import os
import textwrap
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.campaign.ground import OURS, Ground

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

NATIVE: Final = ("--backend", "native", "-e", OURS)
LAB: Final = ("lab", *NATIVE, "-x", "countdown", "-m", "spawn")
RUN: Final = ("run", *NATIVE, "--method", "spawn", "--explain", "off")

LONGEST_LINES: Final = 12
"""Of what a command says about a bad input."""

VALUES: Final[Mapping[str, Sequence[str]]] = {
    "--timeout": ("nan", "inf", "-inf", "0", "-1", "abc", "", "1e"),
    "--jobs": ("0", "-1", "x", "1.5", ""),
    "--trials": ("0", "-3", "x", "1e3"),
    "--env": ("", " ", "nowhere-9.9", "[", ">=x", "host-99.*", "==", "\x1b[2J"),
    "--method": ("x", "", "FORK", "fork,spawn"),
    "--backend": ("x", "", "podman"),
    "--isolation": ("x", ""),
    "--bases": ("x",),
    "--out": ("/dev/null", "/dev/null/x", "x" * 300, "/proc/x", "file", "file/x"),
}
OF_LAB: Final[Mapping[str, Sequence[str]]] = {
    "--shard": ("²/3", "0/3", "4/3", "a/b", "1/0", "/", "1", "1/2/3", "-1/2"),
    "--experiment": ("", "nope", "[", "*/*", "\u202e"),
    "--update-expectations=x": ("",),
}
OF_RUN: Final[Mapping[str, Sequence[str]]] = {
    "--env-var": ("", "=x", "STARTLAB_EVENTS=1", "NOT_SET_ANYWHERE"),
    "--stdin": ("nowhere", "."),
    "--expect-stdout": ("nowhere", "."),
    "--include": ("nowhere",),
    "--exclude": ("!", "[z-a]", "a\\"),
    "--requirements": ("nowhere", ".", "noise", "loop", "pipe", "/dev/zero"),
    "--with": ("", "not a requirement !", "./nowhere"),
    "--python": ("nowhere", "noise", "file", "loop", "pipe"),
    "--pip-config": ("nowhere", "."),
    "--explain": ("x", ""),
}
OUT_OF_ALL_BOUNDS: Final[Mapping[str, Sequence[str]]] = {
    "--timeout": ("1e308", "9" * 400),
    "--jobs": ("9" * 30,),
    "--trials": ("9" * 30,),
}
PROGRAMS: Final[Sequence[Sequence[str]]] = (
    (), ("nowhere.py",), (".",), ("noise",), ("pipe",), ("loop",), ("-m",), ("-m", "no.such"),
    ("-m", ""), ("--",), ("--", "no-such-command"), ("",), ("--no-such-option", "a.py"),
    ("/dev/null/x.py",), ("../" * 40 + "etc/passwd",), ("deep",), ("broken.zip",), ("nul.py",),
    ("python a.py",), ("python", "a.py"), ("A.PY",), (".\\a.py",), ("a.py:3",), ("-m", "a.py"),
    ("-c", "print(1)"), ("https://example.org/a.py",), ("config.json",), ("good.zip/a.py",),
    ("\udcff.py",), ("a.py", "\udcff"), ("a.py", *["x"] * 50_000), ("a.py", "x" * 131_000),
    ("--", "./a.py/x"), ("--", "python", "nowhere.py"), ("-m", "." * 300),
)  # fmt: skip
"""What `run` is to run, and cannot; an empty or a wrong program may also be a finding."""

COMMANDS: Final[Sequence[Sequence[str]]] = (
    ("a.py",), ("--method", "spawn", "run", "a.py"), ("run", "--methods", "spawn", "a.py"),
    ("run", *NATIVE, "-e", "python3.11", "a.py"), ("why",), ("why", "nope"), ("why", "9" * 30),
    ("why", "-1"), ("why", "0"), ("why", "²"), ("why", "noise"), ("why", "pipe"),
    ("why", "/dev/zero"), ("why", "deep.json"), ("why", "."), ("why", "--pid-file", "pipe"),
    ("why", "--pid-file", "noise"), ("why", "--watch", "nan", "1"), ("why", "--name", "(" * 5000),
    ("why", "--container", "\x1b[2J"), ("list", "[", "--bogus"), ("show", "../a.py"),
    ("clean", "all"), ("lab", "--shard", "1/" + "9" * 5000), ("run", "--out", "pipe", "a.py"),
    ("merge", "good", "of-a-program", "--out", "m"), ("merge", "good", "--out", "m", "--plan", "pipe"),
    ("merge", "good", "--out", "m", "--plan", "/dev/zero"),
    ("plan", "-x", "countdown", "--cells", "/dev/full"), ("explain", ""), ("claims", "bogus"),
    ("bogus",), ("lab", "bogus"), ("lab", "--bogus"), ("show",), ("show", "nope"),
    ("show", "[", "x"), ("explain", "nope"), ("completion", "tcsh"), ("completion",),
    ("images",), ("images", "bogus"), ("images", "build", "--env", "["), ("plan", "--cells", "no/file"),
    ("plan", "-x", "nope"), ("plan", "--shard", "9/2"), ("merge",), ("merge", "--out", "m"),
    ("merge", "nowhere", "--out", "m"), ("merge", "file", "--out", "m"), ("merge", "empty", "--out", "m"),
    ("merge", "good", "--out", "good"), ("merge", "good", "good", "--out", "m"),
    ("merge", "good", "--out", "/dev/null"), ("merge", "good", "--out", "m", "--plan", "noise"),
    ("merge", "good", "--out", "m", "--plan", "deep.json"), ("merge", "noise", "--out", "m"),
    ("diff",), ("diff", "good"), ("diff", "good", "nowhere"), ("diff", "noise", "good"),
    ("diff", "good", "good", "--match", "a"), ("diff", "good", "good", "--match", "a=b"),
    ("report", "nowhere"), ("report", "file"), ("report", "empty"), ("report", "noise"),
    ("report", "pipe"), ("report", "loop"), ("report", "deep.json"), ("report", "newer"),
    ("report", "long"), ("report", "/dev/zero"), ("report", "x" * 300), ("report", "."),
    ("report", "good", "--html", "."), ("report", "good", "--html", "no/where.html"),
    ("report", "good", "--json", "/dev/full"), ("report", "good", "--markdown", "/proc/x"),
    ("report", "good", "--junit", "file/x"), ("report", "good", "--html", "x" * 300),
    ("lab", "--resume", "--out", "noise"), ("lab", "--resume", "--out", "of-a-program"),
    ("run", "--resume", "--out", "good"), ("run", "--resume", "--out", "good", "a.py"),
    ("lab", "--json", "--update-expectations"), ("run", "--watch", "--out", "w", "a.py"),
    ("lab", *NATIVE, "-x", "countdown", "--out", "good"),
)  # fmt: skip

SETTINGS: Final[Mapping[str, dict[str, str]]] = {
    "DOCKER_HOST of nonsense": {"DOCKER_HOST": "::://\x07"},
    "DOCKER_HOST with a port of 99999": {"DOCKER_HOST": "tcp://127.0.0.1:99999"},
    "DOCKER_HOST that is a file": {"DOCKER_HOST": "unix:///etc/passwd"},
    "DOCKER_CONFIG that is a list": {"DOCKER_CONFIG": ".", "DOCKER_HOST": "tcp://127.0.0.1:1"},
    "no home": {"HOME": "/nonexistent"},
    "a home that is a file": {"HOME": "/dev/null"},
    "no HOME and no PATH": {"HOME": "", "PATH": ""},
    "a TMPDIR that is not there": {"TMPDIR": "/nonexistent"},
    "COLUMNS of no number": {"COLUMNS": "abc"},
    "COLUMNS of 0": {"COLUMNS": "0"},
    "COLUMNS of 1": {"COLUMNS": "1"},
    "COLUMNS of a million": {"COLUMNS": "1000000"},
    "TERM of nonsense": {"TERM": "\x1b[2J"},
    "LANG of nonsense": {"LC_ALL": "xx_XX.nope", "PYTHONIOENCODING": "ascii"},
    "interpreters that cannot be looked for": {"PYENV_ROOT": "/" + "x" * 5000},
    "VIRTUAL_ENV that is not there": {"VIRTUAL_ENV": "/nonexistent"},
    "VIRTUAL_ENV that is a file": {"VIRTUAL_ENV": "/dev/null"},
    "XDG_CACHE_HOME that is a file": {"XDG_CACHE_HOME": "/dev/null"},
}
"""Environments in which `run` may refuse, with a message, or do as always."""

PROJECTS: Final[Mapping[str, tuple[str, str]]] = {
    "pyproject.toml that is no TOML": ("pyproject.toml", "[[["),
    "pyproject.toml of noise": ("pyproject.toml", "\x00\x01\x02"),
    "requires-python that is a list": ("pyproject.toml", "[project]\nrequires-python = [1]\n"),
    "requires-python of nonsense": ("pyproject.toml", "[project]\nrequires-python = '><3'\n"),
    "requires-python of no Python": ("pyproject.toml", "[project]\nrequires-python = '>=9'\n"),
    "project that is a number": ("pyproject.toml", "project = 1\n"),
    "dependencies that are a number": ("pyproject.toml", "[project]\nname='x'\ndependencies = 3\n"),
    "a deep pyproject.toml": ("pyproject.toml", "a = " + "[" * 50_000),
    "requirements.txt of nonsense": ("requirements.txt", "!!! ???\n"),
    ".gitignore of bad patterns": (".gitignore", "!\n[z-a]\na\\\n\x00\n"),
    ".gitignore of one long line": (".gitignore", "x" * 3_000_000),
    ".gitignore of many stars": (".gitignore", "*" * 5_000 + "a\n"),
}
LINKS: Final[Mapping[str, tuple[str, str]]] = {
    f"{name} that {what}": (name, target)
    for name in (".gitignore", "pyproject.toml", "requirements.txt")
    for what, target in (
        ("is a device without end", "/dev/zero"), ("is a pipe", ""), ("is a folder", "."),
        ("leads to itself", name),
    )
}  # fmt: skip


def cases(ground: Ground, _: random.Random) -> dict[str, Callable[[], list[str]]]:
    """Every bad input, with the exit statuses that it may have."""
    place = _Place(ground)
    found: dict[str, Callable[[], list[str]]] = {
        name: partial(_case, place, words, allowed, env)
        for name, (words, allowed, env) in _commands().items()
    }
    for name, (file, content) in PROJECTS.items():
        found[name] = partial(_project, ground, file, content, None)
    for name, (file, target) in LINKS.items():
        found[name] = partial(_project, ground, file, None, target)
    return found


def _commands() -> dict[str, tuple[Sequence[str], Sequence[int], dict[str, str]]]:
    """Give the words of every command, the exit statuses that it may have, and its environment."""
    found: dict[str, tuple[Sequence[str], Sequence[int], dict[str, str]]] = {}
    for option, values in {**VALUES, **OF_LAB}.items():
        for value in values:
            words = [option, value] if "=" not in option else [option]
            found[f"lab {option} {value!r:.40}"] = [*LAB, *words], (2, 3), {}
    for option, values in {**VALUES, **OF_RUN}.items():
        for value in values:
            may = (0, 1, 2, 3) if option == "--exclude" else (2, 3)
            found[f"run {option} {value!r:.40}"] = [*RUN, option, value, "a.py"], may, {}
    for option, values in OUT_OF_ALL_BOUNDS.items():
        for value in values:
            found[f"run {option} {value!r:.40}"] = [*RUN, option, value, "a.py"], (0, 2, 3), {}
    for program in PROGRAMS:
        ends = (0, 2, 3) if program[:1] == ("a.py",) else (1, 2, 3)
        found[f"run {' '.join(program)!r:.50}"] = [*RUN, *program], ends, {}
    for words_ in COMMANDS:
        found[f"{' '.join(words_)!r:.70}"] = words_, (2, 3), {}
    for name, env in SETTINGS.items():
        found[name] = [*RUN, "a.py"], (0, 1, 2, 3), env
        other = ["images", "list"] if "DOCKER" in name else ["doctor"]
        found[f"{other[0]}: {name}"] = other, (0, 2, 3), env
    return found


def _case(
    place: _Place, args: Sequence[str], allowed: Sequence[int], env: dict[str, str]
) -> list[str]:
    done = place.ground.run(place.folder, *args, env=env)
    problems = done.complaints(*allowed)
    if done.status == 2 or (done.status == 3 and not done.out):
        problems += _said(done.err)
    return problems


def _said(err: str) -> list[str]:
    lines = err.strip().splitlines()
    problems = [] if lines else ["no word of it"]
    if len(lines) > LONGEST_LINES:
        problems.append(f"{len(lines)} lines: {err[:300]!r}")
    if any(not (each.isprintable() or each in "\n\t") for each in err):
        problems.append(f"it may act on a terminal: {err[:300]!r}")
    return problems


def _project(ground: Ground, file: str, content: str | None, target: str | None) -> list[str]:
    folder = ground.new()
    (folder / "a.py").write_text("print(1)\n", "utf-8")
    if content is not None:
        (folder / file).write_text(content, "utf-8")
    elif target:
        (folder / file).symlink_to(target)
    else:
        os.mkfifo(folder / file)
    done = ground.run(folder, *RUN, "a.py")
    problems = done.complaints(0, 1, 2, 3)
    return problems + (_said(done.err) if done.status in (2, 3) else [])


class _Place:
    """A folder that has one of everything: made once, and changed by nothing that is refused."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.folder = self._made()

    def _made(self) -> Path:
        folder = self.ground.new()
        texts = {
            "a.py": "print(1)\n", "file": "", "config.json": "[]", "nul.py": "\0",
            "deep": "#!/usr/bin/env python\nx = " + "(" * 100_000 + "1" + ")" * 100_000 + "\n",
            "broken.zip": "PK\x03\x04broken", "deep.json": "[" * 100_000 + "]" * 100_000,
            "newer/journal.jsonl": '{"kind":"run","schema_version":99,"startlab":"\x1b[2J9"}\n',
            "empty/journal.jsonl": "", "long/journal.jsonl": "x" * 3_000_000,
        }  # fmt: skip
        for name, text in texts.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(textwrap.dedent(text), "utf-8")
        (folder / "noise").write_bytes(os.urandom(4096))
        (folder / "noise").chmod(0o755)
        (folder / "loop").symlink_to("loop")
        os.mkfifo(folder / "pipe")
        for out, args in (("good", LAB), ("of-a-program", (*RUN,))):
            words = ("a.py",) if args[0] == "run" else ()
            done = self.ground.run(folder, *args, "--out", out, *words)
            assert done.status == 0, done
        return folder
