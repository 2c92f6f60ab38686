"""Environments: their names, what selects them, and the interpreters of this host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from startlab.backends import interpreters
from startlab.backends.interpreters import native_name
from startlab.errors import SelectionError
from startlab.plan import environments, matrix
from startlab.plan.environments import matches, sort_key

if TYPE_CHECKING:
    from startlab.model import Environment

# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("implementation", "python", "free_threaded", "name"),
    [
        ("cpython", "3.13.0", False, "host-3.13"),
        ("cpython", "3.13.0", True, "host-3.13t"),
        ("cpython", "2.7.18", False, "host-2.7"),
        ("pypy", "3.11.13", False, "host-pypy3.11"),
        ("cpython", "3.15.0rc1", False, "host-3.15"),
    ],
)
def test_names(
    environment: Environment, implementation: str, python: str, name: str, *, free_threaded: bool
) -> None:
    probed = msgspec.structs.replace(
        environment, implementation=implementation, python=python, free_threaded=free_threaded
    )
    assert native_name(probed) == name


def test_a_python_under_wine_is_never_told_as_windows(environment: Environment) -> None:
    windows = msgspec.structs.replace(
        environment, python="3.12.10", sys_platform="win32", machine="AMD64", libc=""
    )
    assert environments.python_of(windows) == "cpython 3.12.10"
    wine = msgspec.structs.replace(windows, wine="8.0", library="3.12.1")
    assert environments.python_of(wine) == "Windows CPython 3.12.10 under Wine 8.0"
    assert environments.platform_of(wine) == "win32 AMD64 Lib of 3.12.1"


def test_environments_are_in_the_order_of_family_and_version() -> None:
    ordered = [
        "host-2.7", "host-3.9", "host-3.10", "host-3.13", "host-3.13t", "host-pypy3.9",
        "host-pypy3.11", "linux-3.9", "linux-3.14", "linux-musl-3.9", "linux-musl-3.13",
    ]  # fmt: skip
    mixed = ordered[::-1]
    assert sorted(mixed, key=sort_key) == ordered
    assert max([*ordered, "odd"], key=sort_key) == "odd"


# --- selectors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "name", "python", "expected"),
    [
        ("host-3.13", "host-3.13", "3.13.0", True),
        ("host-3.13", "host-3.13t", "3.13.0", False),
        ("host-*", "host-3.13t", "3.13.0", True),
        ("linux-*", "linux-musl-3.13", "3.13.0", True),
        ("linux-3.*", "linux-musl-3.13", "3.13.0", False),
        ("HOST-3.13", "host-3.13", "3.13.0", False),
        ("3.13", "host-3.13", "3.13.0", True),
        ("3.13", "linux-musl-3.13", "3.13.0", True),
        ("3.13", "host-3.13t", "3.13.0", False),
        ("3.13t", "host-3.13t", "3.13.0", True),
        ("3.1", "host-3.11", "3.11.2", False),
        ("3.11", "host-pypy3.11", "3.11.13", False),
        (">=3.12", "host-3.12", "3.12.0", True),
        (">=3.12", "host-3.9", "3.9.18", False),
        (">=3.9,<3.13", "host-3.12", "3.12.1", True),
        (">=3.9,<3.13", "host-3.13", "3.13.0", False),
        ("<3", "host-2.7", "2.7.18", True),
        ("!=3.12.*", "host-3.12", "3.12.1", False),
        ("~=3.12", "host-3.13", "3.13.0", True),
        (">=3.14", "linux-3.15", "3.15.0rc1", True),
        (">=3.14", "host-3.15", "3.15.0a1+local", True),
    ],
)
def test_selectors(selector: str, name: str, python: str, *, expected: bool) -> None:
    assert matches(name, python, selector) is expected


@pytest.mark.parametrize("selector", [">=three", ">", "=3.12", "~3", ">=3.9;<4"])
def test_a_range_that_is_none_is_explained(selector: str) -> None:
    with pytest.raises(SelectionError, match=r"looks like a range of versions but is not one"):
        matches("host-3.13", "3.13.0", selector)


def test_several_selectors_add_up_and_the_order_is_kept(environment: Environment) -> None:
    every = [
        msgspec.structs.replace(environment, name=f"host-{v}", python=f"{v}.1")
        for v in ("3.13", "3.9", "3.10")
    ]
    assert environments.select(every, []) == every
    assert environments.select(every, ["3.10", ">=3.13"]) == [every[0], every[2]]


def test_a_selector_that_matches_nothing_lists_what_there_is(environment: Environment) -> None:
    with pytest.raises(SelectionError) as raised:
        environments.select([environment], ["3.13", "3.99"])
    assert str(raised.value) == "--env 3.99 matches no environment. There are: host-3.13."
    with pytest.raises(SelectionError, match="There are: none"):
        environments.select([], ["*"])


def test_an_interpreter_of_the_host_is_no_image_and_how_to_get_it_is_reported() -> None:
    told = str(environments.unmatched("host-3.13", ["linux-3.13"], docker=True))
    assert told == (
        "--env host-3.13 matches no environment. host-… are this host's own interpreters: "
        "add --backend native. There are: linux-3.13."
    )
    assert "native" not in str(environments.unmatched("linux-9.9", ["linux-3.13"], docker=True))
    assert "native" not in str(environments.unmatched("host-9.9", ["host-3.13"]))


@pytest.mark.parametrize(("name", "marker"), [("cpython", "CPython"), ("pypy", "PyPy"), ("x", "x")])
def test_implementations_are_called_as_pep_508_calls_them(
    environment: Environment, name: str, marker: str
) -> None:
    markers = environments.marker_environment(
        msgspec.structs.replace(environment, implementation=name)
    )
    assert markers["implementation_name"] == name
    assert markers["platform_python_implementation"] == marker


def test_markers_are_about_the_environment_and_not_about_this_python(
    environment: Environment,
) -> None:
    markers = environments.marker_environment(environment)
    assert markers["python_full_version"] == "3.13.0"
    assert markers["python_version"] == "3.13"
    assert markers["sys_platform"] == "linux"
    assert markers["platform_machine"] == "x86_64"


def test_what_a_probe_says_becomes_an_environment(environment: Environment) -> None:
    said = msgspec.to_builtins(environment) | {"python": "3.15.0a1+"}
    made = interpreters.environment_of(said, name="x", backend="docker", image="sha256:1")
    assert (made.name, made.backend, made.image) == ("x", "docker", "sha256:1")
    assert made.python == "3.15.0a1+local"
    assert native_name(made) == "host-3.15"
    wrong: object
    for wrong in (None, [], "text"):
        with pytest.raises(TypeError):
            interpreters.environment_of(wrong, name="x", backend="docker")


# --- the interpreters of this host -------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for the test."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: folder)
    return folder / "interpreters.json"


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Have nothing on this host but some executables, and the running interpreter."""

    def only(*executables: Path) -> None:
        monkeypatch.setattr(interpreters, "candidates", lambda: list(map(str, executables)))

    return only


unix = pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.native
def test_the_running_interpreter_comes_first_and_every_name_once(cache: Path) -> None:
    found = list(interpreters.find())
    names = [each.name for each in found]
    assert names[0] == f"host-{sys.version_info[0]}.{sys.version_info[1]}"
    assert len(names) == len(set(names))
    assert names[1:] == sorted(names[1:], key=sort_key)
    assert cache.exists()


@pytest.mark.native
def test_the_running_interpreter_does_not_wait_for_the_others(
    cache: Path, only, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    asked = tmp_path / "asked"
    only(script(tmp_path / "python3.12", f'touch "{asked}"; exit 3'))
    assert next(interpreters.find()).executable == os.path.realpath(sys.executable)
    assert not asked.exists()
    assert not cache.exists()


@pytest.mark.targets
@pytest.mark.native
def test_every_interpreter_of_the_host_is_found(cache: Path) -> None:
    """Those of PATH and of pyenv, where there is one."""
    names = {each.name for each in interpreters.find()}
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    executables = [*versions.glob("*/bin/python")]
    for number in range(6, 20):
        on_path = shutil.which(f"python3.{number}")
        if on_path and Path(on_path).parent.name != "shims":
            executables.append(Path(on_path))
    ask = "import sys; print('host-%d.%d' % sys.version_info[:2])"
    for executable in executables:
        said = subprocess.run(
            [executable, "-c", ask], capture_output=True, text=True, timeout=300, check=False
        )
        assert said.returncode != 0 or said.stdout.strip() in names, executable
    assert cache.exists()


@pytest.mark.native
def test_what_was_probed_is_said_by_the_interpreter_itself(interpreter: Environment) -> None:
    ask = "import sys, platform; print(platform.python_version()); print(sys.platform[:5])"
    said = subprocess.run(
        [interpreter.executable, "-c", ask], capture_output=True, text=True, timeout=300, check=True
    ).stdout.split()
    assert said == [interpreter.python, interpreter.sys_platform[:5]]
    if interpreter.python.startswith("2"):
        assert interpreter.methods == ("fork",)
    elif sys.platform == "linux":
        assert interpreter.methods == ("fork", "forkserver", "spawn")
        assert interpreter.libc
    assert interpreter.default_method in interpreter.methods


@unix
@pytest.mark.native
def test_a_probe_is_remembered_until_the_executable_changes(
    cache: Path, only, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    count = tmp_path / "count"
    fake = tmp_path / "bin" / "python3.12"

    def write(version: str) -> None:
        said = f'"python": "{version}"'
        script(
            fake,
            f'echo >> "{count}"; "{sys.executable}" "$@" | sed \'s/"python": "[^"]*"/{said}/\'',
        )

    write("3.98.7")
    only(fake)
    for _ in range(2):
        assert "host-3.98" in [each.name for each in interpreters.find()]
    assert count.read_text() == "\n"
    write("3.97.12")
    names = [each.name for each in interpreters.find()]
    assert "host-3.97" in names
    assert "host-3.98" not in names
    assert count.read_text() == "\n\n"
    assert cache.exists()


@unix
@pytest.mark.native
def test_of_one_version_the_newest_patch_level_is_taken(cache: Path, only, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    fakes = [
        script(
            tmp_path / folder / "python3.98",
            f'"{sys.executable}" "$@" | sed \'s/"python": "[^"]*"/"python": "{version}"/\'',
        )
        for folder, version in [("a", "3.98.9"), ("b", "3.98.10"), ("c", "3.98.2")]
    ]
    only(*fakes)
    (found,) = (each for each in interpreters.find() if each.name == "host-3.98")
    assert found.python == "3.98.10"
    assert cache.exists()


@pytest.mark.native
@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"EXECUTABLE": 3}',
        b'{"EXECUTABLE": {"said": null}}',
        b'{"EXECUTABLE": {"stamp": "old", "said": {"python": 3}}}',
    ],
)
def test_a_broken_memory_is_ignored(cache: Path, only, broken: bytes) -> None:  # type: ignore[no-untyped-def]
    own = os.path.realpath(sys.executable)
    written = json.dumps(own)[1:-1].encode()
    cache.parent.mkdir()
    cache.write_bytes(broken.replace(b"EXECUTABLE", written))
    only()
    assert [each.executable for each in interpreters.find()] == [own]
    assert written in cache.read_bytes()


@pytest.mark.native
def test_a_cache_that_cannot_be_written_does_no_harm(cache: Path, only) -> None:  # type: ignore[no-untyped-def]
    cache.parent.write_text("a file where the folder should be", "utf-8")
    only()
    assert len(list(interpreters.find())) == 1


@pytest.mark.targets
@pytest.mark.native
@pytest.mark.parametrize(
    "text",
    [
        "exit 3",
        "kill -9 $$",
        "echo no JSON",
        "echo '[]'",
        "echo '{}'",
        """echo '{"python": "3.98.1"}'""",
        "printf '\\377'",
    ],
)
def test_a_fake_interpreter_on_path_does_no_harm(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """It is really looked for, and found."""
    script(tmp_path / "bin" / "python3.98", text)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    assert str(tmp_path / "bin" / "python3.98") in interpreters.candidates()
    monkeypatch.setattr(interpreters, "candidates", lambda: [str(tmp_path / "bin" / "python3.98")])
    names = [each.name for each in interpreters.find()]
    assert names == [f"host-{sys.version_info[0]}.{sys.version_info[1]}"]
    assert cache.exists()


def test_what_says_nothing_for_long_is_no_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters, "PROBE_TIMEOUT_S", 0.2)
    assert interpreters.probe(str(script(tmp_path / "python3.98", "exec sleep 600"))) is None


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "linux"),
        ("linux", "aarch64", "linux-arm64"),
        ("win32", "AMD64", "windows"),
        ("win32", "ARM64", "windows-arm64"),
        ("darwin", "arm64", "macos"),
        ("darwin", "x86_64", "macos-intel"),
    ],
)
def test_a_platform_is_called_as_the_matrix_calls_it(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, name: str
) -> None:
    monkeypatch.setattr("startlab.plan.environments.sys.platform", system)
    monkeypatch.setattr("startlab.plan.environments.platform.machine", lambda: machine)
    called = environments.platform_name()
    monkeypatch.undo()
    assert called == name
    assert name in {runner.platform for runner in matrix.runners()}
