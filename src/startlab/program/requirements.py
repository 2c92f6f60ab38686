"""What pip installs for the user's program: from a requirements file and the command line."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from packaging.requirements import InvalidRequirement, Requirement

from startlab.errors import ProgramError
from startlab.program import given, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OPTION: Final = re.compile(
    r"(-r|--requirement|-c|--constraint|-e|--editable)(?:\s+|=|(?<=-\w))(.+)"
)
_COMMENT: Final = re.compile(r"(^|\s)#.*")
_ASKS_GIT: Final = re.compile(rb"setuptools[_-]scm|hatch-vcs")
_TAG: Final = re.compile(r"\d+(\.\d+)*((a|b|rc|\.post|\.dev)\d+)?$", re.MULTILINE)
_NAME: Final = re.compile(r"[^a-zA-Z0-9.]+")
CONSTRAINT: Final = "-c "
"""Prefix of a constraint, which only limits the version of a package if it is needed."""


class Requirements(msgspec.Struct, frozen=True, kw_only=True):
    """What pip installs, as returned by `read`, and the pip.conf to use."""

    lines: tuple[str, ...]
    pip_config: Path | None = None

    def write(self, folder: Path, seen_as: str | None = None) -> str:
        """Write requirements.txt, constraints.txt and pip.conf to a folder; return their digest.

        Local projects are copied into it, because a build leaves files behind. `seen_as` is the
        folder's path as pip will see it, if different. Raises ProgramError.
        """
        here = seen_as or str(folder)
        texts: dict[str, list[str]] = {"requirements.txt": [], "constraints.txt": []}
        digest = hashlib.sha256()
        for number, line in enumerate(self.lines):
            path = _path_of(line)
            if line.startswith(CONSTRAINT):
                texts["constraints.txt"].append(line.removeprefix(CONSTRAINT))
            elif path is None:
                texts["requirements.txt"].append(line)
            else:
                root = path if path.is_dir() else path.parent
                to = folder / "projects" / str(number)
                files = snapshot.walk(root, path) if path.is_dir() else snapshot.one(path)
                digest.update(snapshot.copy(files, to).encode())
                digest.update(_tell_version(root, to).encode())
                copied = f"{here}/projects/{number}" + ("" if path.is_dir() else f"/{path.name}")
                texts["requirements.txt"].append(line.replace(str(path), copied, 1))
        for name, lines in texts.items():
            (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        config = b""
        if self.pip_config is not None:
            try:
                config = given.read(self.pip_config)
            except OSError as error:
                raise ProgramError(
                    f"--pip-config {self.pip_config} cannot be read: {error.strerror}."
                ) from None
        (folder / "pip.conf").write_bytes(config)
        digest.update(repr(self.lines).encode() + config)
        return digest.hexdigest()[:16]


def _tell_version(project: Path, copy: Path) -> str:
    """Have a copy say its version, as a source distribution does, if its build asks git for that.

    The copy has no `.git`: it could not be built.
    """
    about = copy / "PKG-INFO"
    builds = [copy / each for each in ("pyproject.toml", "setup.cfg", "setup.py")]
    asks = any(_ASKS_GIT.search(each.read_bytes()) for each in builds if each.is_file())
    if not asks or not (project / ".git").exists() or about.exists():
        return ""
    git = ["git", "-C", str(project), "describe", "--tags", "--abbrev=0"]
    try:
        said = subprocess.run(git, capture_output=True, text=True, check=False).stdout
    except OSError:  # there is no git
        said = ""
    tag = _TAG.search(said)
    name = _NAME.sub("-", project.name).strip("-") or "project"
    version = tag[0] if tag else "0"
    about.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    return version


def _path_of(line: str) -> Path | None:
    name = line.partition("[")[0]
    return Path(name) if Path(name).is_absolute() else None


def read(file: Path | None, packages: Sequence[str] = ()) -> tuple[str, ...]:
    """Read a requirements file, including those it refers to, and add packages.

    Returns one line for each: `name>=1`, the absolute path of a local project, a URL, an option of
    pip (`--index-url ...`), or `-c name<2` for a constraint. Raises ProgramError.
    """
    lines = [] if file is None else list(_lines(file, set()))
    for package in packages:
        path = _local(package, Path.cwd())
        if path is None:
            _check(package)
        lines.append(path or package)
    return tuple(lines)


def _lines(file: Path, seen: set[Path], *, constraints: bool = False) -> Iterator[str]:
    if file.resolve() in seen:
        return
    seen.add(file.resolve())
    try:
        text = given.read(file).decode("utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ProgramError(f"The requirements {file} cannot be read: {reason}.") from None
    for line in text.replace("\\\n", " ").splitlines():
        words = _COMMENT.sub("", line).strip()
        option = _OPTION.fullmatch(words)
        if option and option[1] in ("-r", "--requirement", "-c", "--constraint"):
            as_constraints = constraints or option[1] in ("-c", "--constraint")
            yield from _lines(file.parent / option[2].strip(), seen, constraints=as_constraints)
        elif words:
            wanted = option[2].strip() if option else words
            path = _local(wanted, file.parent)
            yield (CONSTRAINT if constraints else "") + (path or wanted)


def _local(wanted: str, beside: Path) -> str | None:
    """Return the absolute path, with its extras, if it is a folder or a file; else None."""
    name, bracket, extras = wanted.partition("[")
    path = beside / name
    if not (name.startswith((".", "/", "~")) or "/" in name) or "://" in name:
        return None
    if not path.expanduser().exists():
        raise ProgramError(f"The requirement {wanted}: there is no such file or folder.")
    return f"{path.expanduser().resolve()}{bracket}{extras}"


def _check(package: str) -> None:
    if "://" in package:
        return
    try:
        Requirement(package)
    except InvalidRequirement as error:
        reason = str(error).partition("\n")[0]
        raise ProgramError(f"--with {package}: this is not a requirement: {reason}") from None
