"""The environment that the user works in, beside those of a backend."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from startlab.backends import user_python
from startlab.backends.native import NativeBackend
from startlab.backends.user_python import WithUserPython
from startlab.errors import ProgramError, SelectionError
from tests import needs

if TYPE_CHECKING:
    from startlab.model import Environment

pytestmark = pytest.mark.native

NAME = f"venv-{sys.version_info[0]}.{sys.version_info[1]}"

BASE = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with a module of its own, and a project installed from a folder."""
    needs.venvs()
    folder = tmp_path_factory.mktemp("project") / ".venv"
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("[Ll]ib/**/site-packages")
    (site / "only_there.py").write_text("WORD = 'there'\n")
    info = site / "only_there-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: only-there\nVersion: 1.5\n")
    mine = site / "mine-0.dist-info"
    mine.mkdir()
    (mine / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 0\n")
    url = (folder.parent / "with blank").as_uri()
    (mine / "direct_url.json").write_text(f'{{"url": "{url}", "dir_info": {{"editable": true}}}}')
    return folder


def found(*args: Any) -> Environment:
    executable = user_python.find(*args)
    assert executable is not None
    return user_python.probe(executable)


def test_an_activated_environment_is_the_users(folder: Path, tmp_path: Path) -> None:
    there = found(tmp_path, {"VIRTUAL_ENV": str(folder)})
    assert there.name == NAME
    assert there.prefix == str(folder)
    said = subprocess.run(
        [there.executable, "-c", "import sys, only_there; print(sys.prefix, only_there.WORD)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"{folder} there\n"


def test_a_projects_own_environment_is_found_from_below(folder: Path) -> None:
    project = folder.parent
    below = project / "scripts" / "old"
    below.mkdir(parents=True)
    assert found(below, {}).executable.startswith(str(folder))
    (project / "scripts" / "pyproject.toml").write_text("")
    assert user_python.find(below, {}) is None, "it is another project's"


def test_what_is_activated_goes_before_what_lies_there(folder: Path, tmp_path: Path) -> None:
    """Conda's base does not: it is active in every shell."""
    bin_folder = tmp_path / "conda" / Path(folder.name, user_python.BIN)
    python = bin_folder / user_python.PYTHON
    python.parent.mkdir(parents=True)
    python.touch()
    prefix = {"CONDA_PREFIX": str(bin_folder.parent)}
    theirs = folder / user_python.BIN / user_python.PYTHON
    assert user_python.find(folder.parent, prefix) == python
    assert user_python.find(folder.parent, prefix | {"VIRTUAL_ENV": str(folder)}) == theirs
    base = prefix | {"CONDA_DEFAULT_ENV": "base"}
    assert user_python.find(folder.parent, base) == theirs
    assert user_python.find(tmp_path, base) == python
    gone = {"VIRTUAL_ENV": str(tmp_path / "gone")}
    assert user_python.find(tmp_path, gone) is None


def test_an_environment_of_conda_is_one_of_its_own(folder: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "conda"
    shutil.copytree(folder, prefix, symlinks=True)
    (prefix / "pyvenv.cfg").unlink()
    (prefix / "conda-meta").mkdir()
    there = found(tmp_path, {"CONDA_PREFIX": str(prefix)})
    assert there.name == NAME.replace("venv", "conda")
    assert user_python.variables(there)["CONDA_PREFIX"] == str(prefix)
    assert "VIRTUAL_ENV" not in user_python.variables(there)


def test_python_may_be_given_as_a_file_or_a_folder(folder: Path, tmp_path: Path) -> None:
    by_folder = found(tmp_path, {}, folder)
    by_file = found(tmp_path, {}, Path(by_folder.executable))
    assert by_file == by_folder
    plain = found(tmp_path, {}, BASE)
    assert plain.name.startswith("python-")
    assert user_python.shown(plain, tmp_path) == str(BASE)
    assert user_python.shown(by_folder, folder.parent) == folder.name


@pytest.mark.parametrize("content", [None, "#!/bin/sh\necho no\n"])
def test_what_is_no_python_is_an_error(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "bin" / "python"
    if content is not None:
        path.parent.mkdir()
        path.write_text(content)
        path.chmod(0o755)
    with pytest.raises(ProgramError, match=r"there is no Python|does not run as a Python"):
        found(tmp_path, {}, path)


def test_what_is_installed_there_can_be_installed_elsewhere(folder: Path, tmp_path: Path) -> None:
    there = found(tmp_path, {"VIRTUAL_ENV": str(folder)})
    installed = user_python.installed(Path(there.executable))
    assert "only-there==1.5" in installed
    assert str(folder.parent / "with blank") in installed


def test_it_stands_beside_the_environments_of_a_backend(folder: Path, tmp_path: Path) -> None:
    user = found(tmp_path, {"VIRTUAL_ENV": str(folder)})
    backend = WithUserPython(user, NativeBackend(), NativeBackend())
    every = backend.names([])
    own = NAME.replace("venv", "host")
    assert every[0] == NAME
    assert own in every
    assert backend.names([NAME]) == [NAME]
    assert backend.names([own]) == [own]
    assert backend.names([NAME.removeprefix("venv-")]) == [NAME, own]
    assert [each.name for each in backend.environments(["venv-*", own])] == [NAME, own]
    with pytest.raises(SelectionError, match="matches no environment"):
        backend.names(["nowhere-*"])
    assert backend.ask(user, "find_command.py", "python") == [user.executable]
    backend.close()


def test_its_scripts_come_first(folder: Path, tmp_path: Path) -> None:
    user = found(tmp_path, {"VIRTUAL_ENV": str(folder)})
    path = user_python.variables(user)["PATH"].split(os.pathsep)
    assert Path(path[0]).parent == folder
    assert len(path) > 1
    plain = user_python.variables(found(tmp_path, {}, BASE))
    assert list(plain) == ["PATH"]
    assert plain["PATH"].startswith(str(BASE.parent))
