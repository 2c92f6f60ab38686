"""Runs in the environment that the user works in: real ones, with packages of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import venv
from pathlib import Path
from typing import Any

import pytest

import startlab
from startlab.backends import user_python, uv, venvs
from startlab.diagnosis import diagnose
from startlab.engine import runs
from startlab.errors import ProgramError
from startlab.model import START_METHODS, Run
from startlab.results import journal
from tests import needs

pytestmark = [pytest.mark.native, *needs.ONCE_ON_LINUX]

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
USERS = f"venv-{VERSION}"
OWN = f"host-{VERSION}"


class Said:
    """A listener that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def planned(self, environment: object) -> None:
        pass

    def began(self, cell: object) -> None:
        pass

    def ended(self, trial: object) -> None:
        pass

    def say(self, text: str) -> None:
        self.said.append(text)


class Project:
    """A folder with programs, and a `.venv` that has a package."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.venv = folder / ".venv"
        self.said = Said()
        venv.create(self.venv, with_pip=False)
        (self.site,) = self.venv.glob("[Ll]ib/**/site-packages")
        self.install("only_there", "WORD = 'there'\n")

    def put(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")
        return path

    def install(self, name: str, text: str, source: Path | None = None) -> None:
        """Put into the environment what pip would: a module, or a link to a folder."""
        info = self.site / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        if source is None:
            (self.site / f"{name}.py").write_text(text)
        else:
            (self.site / f"{name}.pth").write_text(f"{source}\n")
            direct = {"url": source.as_uri(), "dir_info": {"editable": True}}
            (info / "direct_url.json").write_text(json.dumps(direct))

    def run(self, *words: str, **said: Any) -> Run:
        usual: dict[str, Any] = {
            "backend": "native", "methods": ["spawn"], "listener": self.said, "explain": "off",
        }  # fmt: skip
        return startlab.run(words, **(usual | said))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    needs.venvs()
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(venvs, "CACHE", folder.parent / "cache")
    return Project(folder)


def outputs(run: Run) -> dict[str, str]:
    assert {trial.outcome for trial in run.trials} == {"ok"}, run.trials
    return {trial.environment: trial.stdout for trial in run.trials}


PROGRAM = """
    import multiprocessing
    import os
    import sys

    import only_there

    def work():
        print(only_there.WORD, os.environ.get("VIRTUAL_ENV"), sys.prefix, flush=True)

    if __name__ == "__main__":
        child = multiprocessing.Process(target=work)
        child.start()
        child.join()
"""


def test_a_program_has_what_is_installed_in_the_projects_environment(project: Project) -> None:
    """Under every start method; nothing says how others would get it, so there it is not run."""
    project.put("a.py", PROGRAM)
    before = in_site(project)
    run = project.run("a.py", methods=[])
    where = project.venv
    assert outputs(run) == {USERS: f"there {where} {where}\n"}
    assert {each.method for each in run.trials} <= set(START_METHODS)
    python = ".".join(map(str, sys.version_info[:3]))
    using = f"Using the environment .venv (Python {python}) as {USERS}, with its packages."
    if sys.version_info.releaselevel == "final":
        assert using in project.said.said
    (left_out,) = [each for each in project.said.said if each.startswith("Other Pythons")]
    assert "the program imports only_there" in left_out
    assert in_site(project) == before, "nothing is installed into it"


def in_site(project: Project) -> set[str]:
    return {each.name for each in project.site.iterdir()} - {"__pycache__"}


def test_an_activated_environment_is_used(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = project.put("a.py", PROGRAM)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.py").write_bytes(program.read_bytes())
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("VIRTUAL_ENV", str(project.venv))
    assert list(outputs(project.run("a.py"))) == [USERS]


def test_the_selectors_take_it_and_leave_it(project: Project) -> None:
    project.put("a.py", "print('hello')")
    everywhere = project.run("a.py", trials=1)
    names = {each.environment for each in everywhere.trials}
    assert USERS in names
    assert names - {USERS}
    assert set(outputs(project.run("a.py", environments=["venv-*"]))) == {USERS}
    assert set(outputs(project.run("a.py", environments=[OWN]))) == {OWN}
    assert set(outputs(project.run("a.py", environments=[VERSION]))) == {USERS, OWN}


def test_a_run_that_is_resumed_has_the_same(project: Project) -> None:
    project.put("a.py", PROGRAM)
    folder = Path("run")
    run = project.run("a.py", folder=folder, methods=["spawn"])
    executable = run.header.selection.python
    assert Path(executable).parent.parent == project.venv
    file = folder / journal.NAME
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    assert outputs(runs.resume(folder)) == outputs(run)


def test_what_reproduces_a_trial_names_it(project: Project) -> None:
    project.put("a.py", PROGRAM + "    sys.exit(3)\n")
    trial = project.run("a.py", trials=1).trials[0]
    words = trial.reproduce.partition("  #")[0]
    assert words == (
        f"startlab run --backend native --env {USERS} --method spawn --python .venv a.py"
    )


def test_a_command_is_that_of_the_environment(project: Project) -> None:
    scripts = project.venv / user_python.BIN
    script = "import only_there\nprint(only_there.WORD)\n"
    if os.name != "nt":
        script = f"#!{scripts / 'python'}\n{script}"
    command = scripts / ("need-script.py" if os.name == "nt" else "need")
    command.write_text(script)
    command.chmod(0o755)
    run = project.run("--", "need", environments=["venv-*"])
    assert outputs(run) == {USERS: "there\n"}


def test_lines_of_an_editable_install_are_the_programs_own(project: Project) -> None:
    project.put("pyproject.toml", "[project]\nname = 'mine'\nversion = '1'\n")
    project.put("src/mine/__init__.py", "def fail():\n    raise ValueError('bad')\n")
    project.put("tools/a.py", "import only_there, mine\nmine.fail()\n")
    project.install("mine", "", source=project.folder / "src")
    run = project.run("tools/a.py", environments=["venv-*"], trials=1)
    (trial,) = run.trials
    assert trial.where == "src/mine/__init__.py:2"
    assert f'File "{project.folder}' not in trial.stderr
    (finding,) = diagnose(run).findings
    assert finding.code == "raise ValueError('bad')"


def test_modules_below_src_are_found_everywhere(project: Project) -> None:
    """In the user's environment too, unless the project is installed there."""
    project.put("pyproject.toml", "[project]\nname = 'mine'\nversion = '1'\n")
    project.put("src/mine/__init__.py", "")
    project.put("tools/a.py", "import mine, os; print(os.path.relpath(mine.__file__))")
    said: dict[str, Any] = {"environments": [VERSION]}
    inside = os.path.join("src", "mine", "__init__.py")
    assert outputs(project.run("tools/a.py", **said)) == dict.fromkeys([USERS, OWN], f"{inside}\n")
    project.install("mine", "", source=project.folder / "src")
    project.put("tools/a.py", "import mine; print(mine.__file__)")
    installed = outputs(project.run("tools/a.py", **said))[USERS]
    assert installed == f"{project.folder / inside}\n"


NEEDED = {
    "pyproject.toml": """
        [build-system]
        requires = []
        build-backend = "build"
        backend-path = ["."]
        """,
    "build.py": """
        import os, zipfile

        def build_wheel(folder, config_settings=None, metadata_directory=None):
            name = "only_there-1-py3-none-any.whl"
            info = "only_there-1.dist-info/"
            with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
                wheel.writestr("only_there.py", "WORD = 'installed'")
                wheel.writestr(
                    info + "METADATA", "Metadata-Version: 2.1\\nName: only-there\\nVersion: 1\\n"
                )
                wheel.writestr(
                    info + "WHEEL",
                    "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
                )
                wheel.writestr(info + "RECORD", "")
            return name
        """,
}


@pytest.fixture(params=["uv", "pip"])
def installer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of both; where uv is not installed, pip alone."""
    if request.param == "pip":
        monkeypatch.setattr(uv, "find", lambda: None)
    elif uv.find() is None:
        pytest.skip("needs uv")
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return str(request.param)


@pytest.mark.targets
def test_other_pythons_get_what_the_project_declares(project: Project, installer: str) -> None:
    for name, text in NEEDED.items():
        project.put(f"needed/{name}", text)
    project.put("requirements.txt", "./needed\n")
    project.put("a.py", "import only_there; print(only_there.WORD)")
    run = project.run("a.py", environments=[VERSION])
    assert outputs(run) == {USERS: "there\n", OWN: "installed\n"}
    assert f"Installing what the program needs for {OWN} ..." in project.said.said
    made = [each for each in venvs.CACHE.iterdir() if each.is_dir()]
    assert len(made) == 1
    by_uv = "uv = " in (made[0] / "pyvenv.cfg").read_text()
    assert by_uv == (installer == "uv")
    installing = len(project.said.said)
    assert outputs(project.run("a.py", environments=[VERSION])) == outputs(run)
    again = project.said.said[installing:]
    assert not [each for each in again if each.startswith("Installing")]
    assert (project.site / "only_there.py").read_text() == "WORD = 'there'\n"
    assert not any("--with" in trial.reproduce for trial in run.trials), "the project says it"


@pytest.mark.targets
@pytest.mark.wide
def test_or_the_same_packages_as_are_installed(project: Project) -> None:
    folder = project.folder.parent / "needed"
    for name, text in NEEDED.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
    info = project.site / "only_there-1.dist-info"
    (info / "direct_url.json").write_text(json.dumps({"url": folder.as_uri(), "dir_info": {}}))
    project.put("a.py", "import only_there; print(only_there.WORD)")
    run = project.run("a.py", environments=[VERSION], same_packages=True)
    assert outputs(run) == {USERS: "there\n", OWN: "installed\n"}
    assert any("--same-packages a.py" in trial.reproduce for trial in run.trials)


@pytest.mark.targets
def test_a_package_of_pypi(project: Project, tmp_path: Path) -> None:
    """By whichever installer there is, with pip's own configuration."""
    program = uv.find()
    if program is None:
        pytest.skip("needs uv, to see whether PyPI answers")
    asked = [program, "pip", "install", "--target", str(tmp_path / "target"), "six==1.17.0"]
    if subprocess.run(asked, capture_output=True, timeout=300, check=False).returncode != 0:
        pytest.skip("needs PyPI, which does not answer")
    project.put("a.py", "import six; print(six.__name__)")
    run = project.run("a.py", environments=[OWN], packages=["six==1.17.0"])
    assert outputs(run) == {OWN: "six\n"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"python": Path("nowhere")}, "there is no Python"),
        ({"python": Path(".venv"), "backend": "docker"}, "leave one of them away"),
        ({"same_packages": True, "packages": ["x"]}, "takes no --requirements and no --with"),
        ({"same_packages": True, "backend": "docker"}, "no environment whose packages"),
    ],
)
def test_what_cannot_be_is_an_error(project: Project, said: dict[str, Any], message: str) -> None:
    project.put("a.py", "")
    with pytest.raises(ProgramError, match=message):
        project.run("a.py", **said)


def test_a_module_that_others_lack_says_nothing_of_their_start_methods(project: Project) -> None:
    project.put("a.py", PROGRAM)
    run = project.run("a.py", environments=[VERSION], methods=[])
    told = diagnose(run)
    (finding,) = told.findings
    assert finding.mechanism == "missing_module"
    assert {each.cell.environment for each in finding.cells} == {OWN}
    assert "Breaks" not in told.answer
    assert told.answer.startswith("Safe under every start method")
