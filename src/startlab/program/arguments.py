"""The user's program, as given on the command line."""

from __future__ import annotations

import ast
import difflib
import os
import re
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from startlab.errors import ProgramError
from startlab.model import Program
from startlab.program import snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HEAD: Final = 1 << 16
"""How many bytes of a file are read to see what it is."""

ALMOST_THE_SAME: Final = 0.8
"""The ratio of difflib from which on one name is taken for a slip of the other."""

MODULE: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class _Target(NamedTuple):
    """What is run, and the folder that it belongs to."""

    kind: Any
    name: str
    target: str
    args: tuple[str, ...]
    home: Path


def understand(
    words: Sequence[str],
    *,
    include: Sequence[Path] = (),
    exclude: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    stdin: Path | None = None,
    stdout: Path | None = None,
    requirements: Sequence[str] = (),
) -> Program:
    """Parse `SCRIPT ARG...`, `-m MODULE ARG...` or `-- COMMAND ARG...`.

    Paths are relative to the current directory. `stdout` is a file with the expected output. Raises
    ProgramError.
    """
    for text in [*words, *(env or {}), *(env or {}).values()]:
        _check_text(text)
    found = _target(words)
    project = _nearest(found.home, "pyproject.toml")
    folder = project or _older_project(found.home, exclude) or found.home
    included = [_there(path, "--include") for path in include]
    root = _root([folder, *included])
    here = Path.cwd()
    cwd = here if here.is_relative_to(root) else found.home
    target = found.target
    if found.kind == "script":
        target = _below(root, Path(target))
    # What is installed has modules of its own, which may have been compiled.
    is_installed = any(each.partition("[")[0] == os.fspath(folder) for each in requirements)
    src = _src(folder)
    modules = _modules(src or folder) if is_installed else []
    if is_installed or "PYTHONPATH" in (env or {}):
        src = None
    return Program(
        kind=found.kind,
        name=found.name,
        target=target,
        args=found.args,
        root=os.fspath(root),
        cwd=_below(root, cwd),
        folder=_below(root, folder),
        include=tuple(_below(root, path) for path in included),
        exclude=tuple(exclude),
        env=dict(env or {}),
        stdin=None if stdin is None else os.fspath(_readable(stdin, "--stdin")),
        stdout=None if stdout is None else _text(_readable(stdout, "--expect-stdout")),
        requirements=tuple(requirements),
        requires_python=_requires_python(project),
        pythonpath="" if src is None else _below(root, src),
        installed={each.name: _below(root, each) for each in modules},
    )


def _target(words: Sequence[str]) -> _Target:
    match [*words]:
        case ["-m"] | ["--"] | []:
            raise ProgramError("Nothing to run: give a SCRIPT, -m MODULE, or -- COMMAND.")
        case ["-m", module, *args] | ["--", "python" | "python3", "-m", module, *args]:
            if not MODULE.fullmatch(module):
                raise ProgramError(f"-m {module}: this is not a module name, like package.module.")
            if module.endswith(".py") and Path(module).is_file():
                rest = " ".join([module, *args])
                raise ProgramError(f"-m {module}: this is a file. To run it: startlab run {rest}")
            return _Target("module", module, module, tuple(args), Path.cwd())
        case ["--", command, *args]:
            # `./manage.py` and the like; python itself and console scripts have no folder.
            if os.path.dirname(command) or command.endswith(".py"):  # noqa: PTH120 - as it was given
                return _script(command, args)
            return _Target("command", command, command, tuple(args), Path.cwd())
        case [script, *args]:
            return _script(script, args)
        case _:
            raise AssertionError(words)


def _script(word: str, args: Sequence[str]) -> _Target:
    path = Path(word)
    if not path.exists():
        raise ProgramError(f"There is no file {word}.{_meant(word, args)}")
    path = path.resolve()
    main = path / "__main__.py"
    if path.is_dir() and not main.exists():
        raise ProgramError(
            f"{word} is a folder without a __main__.py. Name a script in it, or a module (-m)."
        )
    if path.is_dir():
        return _Target("script", path.name, os.fspath(path), tuple(args), path)
    _check_python(word, _readable(Path(word), ""))
    return _Target("script", path.name, os.fspath(path), tuple(args), path.parent)


def _meant(word: str, args: Sequence[str]) -> str:
    """Suggest what a word that is not a file may mean."""
    rest = " ".join([word, *args])
    if MODULE.fullmatch(word) and (
        Path(*word.split(".")).is_dir() or Path(*word.split(".")).with_suffix(".py").is_file()
    ):
        return f" To run the module: startlab run -m {rest}"
    if near := _near(Path(word)):
        return f" Did you mean {near}?"
    first, *more = word.split() or [""]
    if not more and (os.path.dirname(first) or Path(first).suffix):  # noqa: PTH120 - as it was given
        return ""
    return f" To run a command: startlab run -- {rest}"


def _near(path: Path) -> Path | None:
    """Find the file in the same folder whose name is almost the same."""
    try:
        names = {each.name.lower(): each.name for each in path.parent.iterdir()}
    except OSError:
        return None
    near = difflib.get_close_matches(path.name.lower(), names, 1, ALMOST_THE_SAME)
    return path.with_name(names[near[0]]) if near else None


def _check_python(word: str, path: Path) -> None:
    """Raise ProgramError for a file that no Python can run.

    A file whose syntax only some Pythons accept is run: that is a finding.
    """
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                if "__main__.py" in archive.namelist():
                    return
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise ProgramError(f"{word} is a zip file that cannot be read: {error}.") from None
        raise ProgramError(f"{word} is a zip file without a __main__.py.")
    with path.open("rb") as file:
        head = file.read(HEAD)
    if b"\0" in head:
        raise ProgramError(f"{word} is not Python: it contains binary data.")
    first = head.partition(b"\n")[0]
    if first.startswith(b"#!") and b"python" not in first and b"pypy" not in first:
        interpreter = first[2:].strip().decode(errors="backslashreplace")
        raise ProgramError(f"{word} is not Python: its first line names {interpreter}.")
    if path.suffix in (".py", ".pyw") or first.startswith(b"#!"):
        return
    try:
        does_something = _does_something(ast.parse(path.read_bytes()))
    except (RecursionError, MemoryError):
        return  # nested as only code is, too deeply for this Python
    except (SyntaxError, ValueError):
        does_something = False
    if not does_something:
        raise ProgramError(
            f"{word} does not look like Python: neither its name (.py) nor a first line like "
            "#!/usr/bin/env python3 says that it is."
        )


def _does_something(module: ast.Module) -> bool:
    """Return whether it is more than a value, as JSON is, a notebook, or a list of names."""
    values = (each for each in module.body if isinstance(each, ast.Expr))
    calls = (ast.Call, ast.Await, ast.NamedExpr)
    return len(module.body) > sum(
        not any(isinstance(part, calls) for part in ast.walk(each)) for each in values
    )


# --- the folder that goes with it --------------------------------------------------------------


def _nearest(folder: Path, *names: str) -> Path | None:
    """Find the nearest folder, here or above, that has one of some files or folders."""
    every = (folder, *folder.parents)
    return next((each for each in every if any((each / n).exists() for n in names)), None)


def _older_project(folder: Path, exclude: Sequence[str]) -> Path | None:
    """Find the project without pyproject.toml, or else the repository, that a folder is in.

    A script may import what is in a folder beside its own, which it adds to sys.path. What is too
    large to be copied does not go with it, nor does all that is at home.
    """
    root = _nearest(folder, "setup.py", "setup.cfg") or _nearest(folder, ".git")
    if root is None or root == Path("~").expanduser():
        return None
    return root if snapshot.fits(root, exclude) else None


def _requires_python(project: Path | None) -> str:
    """Return the Pythons that a project says it supports; empty if it does not say."""
    if project is None:
        return ""
    try:
        said = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
        return str(SpecifierSet(said.get("project", {}).get("requires-python", "")))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError, InvalidSpecifier):
        return ""  # building the project reports the error


def _src(folder: Path) -> Path | None:
    """Find the folder of a project's modules that Python does not look into, if it has one."""
    src = folder / "src"
    is_package = (src / "__init__.py").exists()
    has_modules = any(src.glob("*.py")) or any(src.glob("*/*.py"))
    return src if has_modules and not is_package else None


def _modules(folder: Path) -> list[Path]:
    """Find the modules and packages in a folder, which installing it may put elsewhere."""
    packages = [each.parent for each in folder.glob("*/__init__.py")]
    return sorted([*packages, *folder.glob("*.py")])


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _root(paths: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath(paths))
    except ValueError:  # Windows has a root for each drive
        raise ProgramError(
            f"{' and '.join(map(str, paths))} are on different drives; a program's files must "
            "be on the same drive as the program."
        ) from None


def _there(path: Path, option: str) -> Path:
    if not path.exists():
        raise ProgramError(f"{option} {path}: there is no such file or folder.")
    return path.absolute().resolve()


def _readable(path: Path, option: str) -> Path:
    found = _there(path, option)
    if not found.is_file():
        raise ProgramError(f"{option} {path} is not a file.".strip())
    try:
        found.open("rb").close()
    except OSError as error:
        raise ProgramError(f"{option} {path} cannot be read: {error.strerror}.".strip()) from None
    return found


def _text(path: Path) -> str:
    """Read an expected output, whose lines end as those of an observed one do."""
    return path.read_bytes().decode(errors="backslashreplace").replace("\r\n", "\n")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ProgramError(f"{text!r} is not UTF-8.") from None
    if "\0" in text:
        raise ProgramError(f"{text!r} contains a NUL, which arguments must not.")
