"""The files of the user's program: which they are, and a copy of them for a run."""

from __future__ import annotations

import ast
import hashlib
import os
import posixpath
import re
import shutil
import stat
import tempfile
import time
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.errors import ProgramError
from startlab.model import JOURNAL_NAME
from startlab.program.decoded import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pathspec import GitIgnoreSpec

    from startlab.model import Program

MOST_BYTES: Final = 200 << 20
MOST_FILES: Final = 20_000
MOST_BYTES_BESIDE: Final = 20 << 20
MOST_BESIDE: Final = 1000
"""Files that go with a script whose folder is too large."""

MOST_SOURCES: Final = 256 << 10
"""How many bytes of a program's Python files go into the journal."""

LOOK_ON_S: Final = 1.0
"""How long to go on counting once it is too large, to name the largest folders."""

LONGEST_PATTERN: Final = 4096  # no path is longer
MOST_STARS: Final = 20
_STARS: Final = re.compile(r"\*{3,}")

NEVER: Final = frozenset(
    {
        ".git", ".hg", ".svn", ".startlab", "__pycache__", "node_modules",
        ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis",
    }
)  # fmt: skip
"""Folders that no program needs, whatever .gitignore says."""

NEVER_WITH: Final = ("pyvenv.cfg", JOURNAL_NAME)
"""Files that mark such a folder: of a virtual environment, of a run of startlab."""

OF_AN_ENVIRONMENT: Final = frozenset(
    {"bin", "include", "lib", "lib64", "Include", "Lib", "Scripts"}
)
"""What such a folder has that is no part of a program, where the program itself is in it."""


class TooLargeError(ProgramError):
    """There is too much to copy: the `amount` of it, in words."""

    def __init__(self, message: str, amount: str) -> None:
        super().__init__(message)
        self.amount = amount


class File(NamedTuple):
    """A file of a program: its path below the root, and what is copied for it.

    `link` is the target of a symbolic link that is copied as a link.
    """

    path: str
    source: Path
    size: int
    mtime_ns: int
    link: str | None = None


class Snapshot:
    """A copy of a program's files, as they were when the run began; `close` removes it.

    `files` is the folder of the copy, `stdin` the copy of what the program reads, `digest` names
    the files by their content. `left_out` are the links that lead out of what was to be copied.
    Of a script's folder that is `too_large`, in words, only the small files are there that are
    beside the script, and the modules that it imports.
    Raises ProgramError.
    """

    def __init__(self, program: Program) -> None:
        # From the process id in the name `startlab clean` knows when it may be removed.
        self.folder = Path(tempfile.mkdtemp(prefix=f"startlab-{os.getpid()}-"))
        self.files = self.folder / "files"
        self.stdin: Path | None = None
        self.left_out: list[Path] = []
        self.too_large = ""
        try:
            self.digest = self._fill(program)
        except BaseException:
            self.close()
            raise

    def _fill(self, program: Program) -> str:
        try:
            files = collect(program, self.left_out)
        except TooLargeError as error:
            if not _may_go_alone(program):
                raise
            files, self.too_large = _with_what_is_beside(program), error.amount
        (self.files / program.cwd).mkdir(parents=True)
        digest = copy(files, self.files)
        if program.stdin is not None:
            self.stdin = self.folder / "stdin"
            try:
                shutil.copyfile(program.stdin, self.stdin)
            except OSError as error:
                raise ProgramError(f"{program.stdin} cannot be read: {error.strerror}.") from None
        return digest

    def sources(self, main: str) -> dict[str, str]:
        """Read its Python files up to a limit: `main` first, then those beside and below it.

        Of the others those nearest to the root come first.
        """
        beside = main[: main.rfind("/") + 1]
        paths = {path.relative_to(self.files).as_posix(): path for path in self.files.rglob("*.py")}
        texts: dict[str, str] = {}
        left = MOST_SOURCES

        def nearest(name: str) -> tuple[bool, bool, int, str]:
            return name != main, not name.startswith(beside), name.count("/"), name

        for name in sorted(paths, key=nearest):
            path = paths[name]
            if path.is_file() and path.stat().st_size <= left:
                texts[name] = decoded(path.read_bytes())
                left -= path.stat().st_size
        return texts

    def close(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.folder, ignore_errors=True)


def copy(files: Iterable[File], to: Path) -> str:
    """Copy files into a folder; return a hash of them all. Raises ProgramError."""
    digest = hashlib.sha256()
    try:
        for file in files:
            target = to / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            digest.update(os.fsencode(file.path) + b"\0")
            if file.link is not None:
                target.symlink_to(file.link)
                digest.update(os.fsencode(file.link))
                continue
            shutil.copyfile(file.source, target)
            target.chmod(0o755 if file.source.stat().st_mode & stat.S_IXUSR else 0o644)
            with target.open("rb") as copied:
                digest.update(hashlib.file_digest(copied, "sha256").digest())
    except OSError as error:
        raise ProgramError(f"{error.filename} cannot be copied: {error.strerror}.") from None
    return digest.hexdigest()[:16]


def collect(program: Program, left_out: list[Path] | None = None) -> list[File]:
    """List the files of a program: those of its folder, and everything in `include`.

    `include` overrules what is left out of the folder, and so does the script itself. What a link
    out of them leads to was not asked for; such links are added to `left_out`. Raises ProgramError
    when it is too much.
    """
    root = Path(program.root)
    own = [program.target] if program.kind == "script" else []
    include = [root / path for path in [*own, *program.include]]
    bounds = _Bounds([root / program.folder, *include], left_out)
    return walk(root, root / program.folder, include, program.exclude, bounds)


def _may_go_alone(program: Program) -> bool:
    """Tell whether a script may do without its folder, which is no project."""
    return (
        program.kind == "script"
        and not program.exclude
        and posixpath.dirname(program.target) == program.folder.removeprefix(".")
        and not Path(program.root, program.folder, "pyproject.toml").exists()
    )


def _with_what_is_beside(program: Program) -> list[File]:
    """List a script, what is included, small files beside it, and the modules that these import."""
    root, home = Path(program.root), Path(program.root, program.folder)
    todo = [f for path in (program.target, *program.include) for f in walk(root, root / path)]
    todo += _small(root, home)
    found: dict[str, File] = {}
    while todo:
        file = todo.pop()
        if file.path in found:
            continue
        found[file.path] = file
        names = _imported(file.source) if file.path.endswith(".py") else ()
        for name in names:
            module, package = home / f"{name}.py", home / name
            todo += walk(root, module) if module.is_file() else []
            todo += walk(root, package) if (package / "__init__.py").is_file() else []
    return sorted(found.values())


def _small(root: Path, folder: Path) -> list[File]:
    """List the files that are in a folder itself, the smallest first; none that is hidden."""
    paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    files = [file for path in paths if not path.is_dir() for file in _file(root, path)]
    files.sort(key=lambda file: file.size)
    sums = accumulate(file.size for file in files[:MOST_BESIDE])
    return [file for file, size in zip(files, sums, strict=False) if size <= MOST_BYTES_BESIDE]


def _imported(path: Path) -> Iterator[str]:
    """Give the top-level modules that a file imports."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # of another Python, maybe
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def fits(folder: Path, exclude: Sequence[str]) -> bool:
    """Tell whether a folder is small enough to be copied with a program."""
    try:
        walk(folder, folder, exclude=exclude, bounds=_Bounds([folder], None))
    except ProgramError:
        return False
    return True


def one(path: Path) -> list[File]:
    """List one file, as `walk` would."""
    return list(_file(path.parent, path))


def walk(
    root: Path,
    folder: Path,
    include: Sequence[Path] = (),
    exclude: Sequence[str] = (),
    bounds: _Bounds | None = None,
) -> list[File]:
    """List the files of a folder, and everything in `include`, by their paths below `root`.

    What .gitignore or a pattern of `exclude` leaves out stays here, and so do folders of version
    control, caches and virtual environments; not so with `include`. No link is followed out of
    `bounds`, if there are any. Raises ProgramError when it is too much.
    """
    found: dict[str, File] = {}
    amount = _Amount(folder)
    walks = [_walk(root, folder, _Ignored(folder, exclude), bounds)]
    walks += [_walk(root, path, None, bounds) for path in include]
    for each in walks:
        for file in each:
            if file.path not in found:
                found[file.path] = file
                amount.add(file)
    amount.check()
    return sorted(found.values())


class _Bounds:
    """What was asked for, and the links that lead out of it: to what was not."""

    def __init__(self, places: Iterable[Path], left_out: list[Path] | None) -> None:
        self._places = [Path(os.path.realpath(place)) for place in places]
        self._left_out = left_out

    def hold(self, link: Path) -> bool:
        """Return whether a link leads to what was asked for; remember one that does not."""
        target = Path(os.path.realpath(link))
        if any(target.is_relative_to(place) for place in self._places):
            return True
        if self._left_out is not None and link not in self._left_out:
            self._left_out.append(link)
        return False


class _Ignored:
    """The .gitignore files of a tree, and those above it up to the root of the repository.

    As in git, the last pattern that matches wins, and a nearer file overrides a farther one.
    """

    def __init__(self, root: Path, exclude: Sequence[str]) -> None:
        for pattern in exclude:
            if _patterns([pattern]) is None:
                raise ProgramError(
                    f"--exclude {pattern[:80]}: that is no pattern; write it as in .gitignore, "
                    "like '*.log' or '/data/'."
                )
        self._exclude = _patterns(exclude)
        self._root = root
        self._specs: dict[Path, GitIgnoreSpec] = {}
        above = [root, *root.parents]
        top = next((i for i, folder in enumerate(above) if (folder / ".git").exists()), 0)
        for folder in above[1 : top + 1]:
            self.enter(folder)

    def enter(self, folder: Path) -> None:
        """Read the .gitignore of the folder that the walk has reached."""
        path = folder / ".gitignore"
        try:
            if not path.is_file():  # a pipe or a device would never end
                return
            lines = path.read_text("utf-8", "surrogateescape").splitlines()
        except OSError:
            return
        spec = _patterns(lines)
        if spec is None:  # git passes over a line that is no pattern
            spec = _patterns([line for line in lines if _patterns([line])])
        if spec is not None:
            self._specs[folder] = spec

    def __call__(self, path: Path, *, folder: bool) -> bool:
        slash = "/" if folder else ""
        relative = path.relative_to(self._root).as_posix() + slash
        if self._exclude is not None and self._exclude.match_file(relative):
            return True
        for parent in path.parents:  # the nearest first
            spec = self._specs.get(parent)
            if spec is not None:
                said = spec.check_file(path.relative_to(parent).as_posix() + slash).include
                if said is not None:
                    return said
        return False


def _patterns(lines: Sequence[str]) -> GitIgnoreSpec | None:
    """Return what lines of a .gitignore mean; None if one of them is no pattern.

    Nor is one that takes forever to be matched: its regular expression tries each star everywhere.
    """
    from pathspec import GitIgnoreSpec  # slow, and not needed to refuse a program

    lines = [_STARS.sub("*", line) for line in lines]  # three are as good as one
    if any(len(line) > LONGEST_PATTERN or line.count("*") > MOST_STARS for line in lines):
        return None
    try:
        return GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error):
        return None


def _walk(
    root: Path, top: Path, ignored: _Ignored | None, bounds: _Bounds | None
) -> Iterator[File]:
    """Yield the files of a folder, or a single file."""
    if not top.is_dir():
        yield from _file(root, top, bounds)
        return
    for name, folders, files in os.walk(top):
        folder = Path(name)
        if ignored is not None:
            ignored.enter(folder)
            of_it = OF_AN_ENVIRONMENT if "pyvenv.cfg" in files else ()
            folders[:] = [
                each
                for each in folders
                if each not in NEVER
                and each not in of_it
                and not any((folder / each / mark).exists() for mark in NEVER_WITH)
                and not ignored(folder / each, folder=True)
            ]
        folders.sort()
        for each in sorted([*files, *(one for one in folders if (folder / one).is_symlink())]):
            path = folder / each
            if ignored is None or not ignored(path, folder=False):
                yield from _file(root, path, bounds)


def _file(root: Path, path: Path, bounds: _Bounds | None = None) -> Iterator[File]:
    """Yield a file as it is copied; skip sockets, pipes and devices.

    A link that stays in the tree is one in the copy too, else it is what it points to; one that
    leads out of the bounds is left out.
    """
    inside = path.relative_to(root).as_posix()
    try:
        if path.is_symlink():
            if bounds is not None and not bounds.hold(path):
                return
            link = path.readlink()
            target = os.path.normpath(path.parent / link)
            if Path(target).is_relative_to(root) and not link.is_absolute():
                yield File(inside, path, 0, path.lstat().st_mtime_ns, os.fspath(link))
                return
            if bounds is not None and path.is_dir():  # an absolute link to what goes with it
                link = Path(os.path.relpath(os.path.realpath(path), path.parent))
                yield File(inside, path, 0, path.lstat().st_mtime_ns, os.fspath(link))
                return
        status = path.stat()
    except OSError:  # removed in the meantime, or a broken link
        return
    if stat.S_ISREG(status.st_mode):
        yield File(inside, path, status.st_size, status.st_mtime_ns)


class _Amount:
    """The size of the files, and where most of it is."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._size = self._count = 0
        self._folders: dict[str, int] = {}
        self._until: float | None = None

    def add(self, file: File) -> None:
        """Count a file. Raises ProgramError once they are too large and counting on takes long."""
        self._size += file.size
        self._count += 1
        parts = file.path.split("/")
        where = "/".join(parts[:2]) + "/" if len(parts) > 2 else parts[0] + "/" * (len(parts) > 1)
        self._folders[where] = self._folders.get(where, 0) + file.size
        if self._size > MOST_BYTES or self._count > MOST_FILES:
            self._until = self._until or time.monotonic() + LOOK_ON_S
            if time.monotonic() > self._until:
                raise self._too_much("at least ")

    def check(self) -> None:
        """Raise ProgramError if the files are too large."""
        if self._until is not None:
            raise self._too_much("")

    def _too_much(self, at_least: str) -> ProgramError:
        largest = sorted(self._folders.items(), key=lambda item: -item[1])[:3]
        named = ", ".join(f"{name} ({size / 1e6:.0f} MB)" for name, size in largest)
        amount = f"{at_least}{self._size / 1e6:.0f} MB in {self._count} files"
        return TooLargeError(
            f"{self._root} would be copied with the program: {amount}; the limit of what is copied "
            f"for every trial is {MOST_BYTES / 1e6:.0f} MB and {MOST_FILES} files. "
            f"The largest: {named}. "
            "Leave out what the program does not need (--exclude PATTERN, or .gitignore), or leave "
            "out everything and name what it needs (--exclude '*' --include PATH).",
            amount,
        )
