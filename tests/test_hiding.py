"""The mode in which the other tests, and the lab, run as if on Windows or macOS (hiding/)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

HIDING = Path(__file__).parent / "hiding"
SOURCE = Path(__file__).parents[1] / "src"

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="it is from Linux that things are hidden"),
]


def hidden(platform: str, program: str) -> Any:
    """Run a program that prints JSON in a Python in which things are hidden."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=os.environ | {"PYTHONPATH": str(HIDING / "site"), "STARTLAB_HIDING": platform},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


ABSENT = """
    import json, os, pathlib, signal, sys

    def absent(module):
        try:
            __import__(module)
        except ImportError:
            return True
        return False

    print(json.dumps({
        "platform": sys.platform,
        "name": os.name,
        "modules": [name for name in ("fcntl", "resource", "pwd", "termios") if absent(name)],
        "names": [
            name
            for module, names in (
                (os, ["fork", "sched_getaffinity", "killpg", "getuid", "getpid", "getloadavg"]),
                (signal, ["SIGKILL", "SIGCHLD", "SIGRTMAX", "SIGTERM"]),
            )
            for name in names
            if not hasattr(module, name)
        ],
        "proc": os.path.exists("/proc/self/stat") or pathlib.Path("/proc").is_dir(),
        "null": os.path.exists(os.devnull),
    }))
"""


def test_what_windows_lacks_is_absent() -> None:
    assert hidden("windows", ABSENT) == {
        "platform": "win32",
        "name": "nt",
        "modules": ["fcntl", "resource", "pwd", "termios"],
        "names": [
            "fork", "sched_getaffinity", "killpg", "getuid", "getloadavg", "SIGKILL", "SIGCHLD",
            "SIGRTMAX",
        ],
        "proc": False,
        "null": True,
    }  # fmt: skip


def test_what_macos_lacks_is_absent() -> None:
    assert hidden("macos", ABSENT) == {
        "platform": "darwin",
        "name": "posix",
        "modules": [],
        "names": ["sched_getaffinity", "SIGRTMAX"],
        "proc": False,
        "null": True,
    }


METHODS = """
    import json, multiprocessing

    try:
        multiprocessing.get_context("fork")
        why = None
    except ValueError as error:
        why = str(error)
    methods = multiprocessing.get_all_start_methods(), multiprocessing.get_start_method()
    print(json.dumps([*methods, why]))
"""


def test_multiprocessing_has_the_platforms_methods() -> None:
    assert hidden("windows", METHODS) == [["spawn"], "spawn", "cannot find context for 'fork'"]
    assert hidden("macos", METHODS) == [["spawn", "fork", "forkserver"], "spawn", None]


def test_the_standard_library_goes_on_working() -> None:
    """What asks for it is the program, but what needs it is the library itself."""
    program = """
        import json, multiprocessing, subprocess, sys, tempfile, asyncio, shutil

        async def sleep():
            await asyncio.sleep(0)

        asyncio.run(sleep())
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(".", folder, dirs_exist_ok=True, ignore=lambda *_: _[1])
        code = "import sys; print(sys.platform)"
        said = subprocess.check_output([sys.executable, "-c", code]).decode().split()
        print(json.dumps([said, multiprocessing.Array("i", 3)[:]]))
    """
    assert hidden("windows", program) == [["win32"], [0, 0, 0]]
    assert hidden("macos", program) == [["darwin"], [0, 0, 0]]


def test_the_agent_of_windows_ends_the_whole_tree(tmp_path: Path, processes_of: Any) -> None:
    """Its own code, on a stand-in for the kernel's job objects that checks what it is given."""
    program = tmp_path / "a.py"
    program.write_text(
        textwrap.dedent("""
            import subprocess, sys, time
            if len(sys.argv) == 4:
                sys.exit(0)
            again = [sys.executable, __file__, *sys.argv[1:], "x"]
            if len(sys.argv) == 1:  # the program ends when the last one has
                subprocess.Popen(again, stdout=subprocess.PIPE).stdout.readline()
            elif len(sys.argv) == 2:
                subprocess.Popen(again)
                time.sleep(600)
            else:
                subprocess.call(again)
                print("the last one has ended", flush=True)
                time.sleep(600)
        """),
        "utf-8",
    )
    words = ["run", "--backend", "native", "--method", "spawn", "--trials", "1", "--json"]
    words += ["--env-var", f"MARK={tmp_path}"]
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    done = subprocess.run(
        [sys.executable, HIDING / "run.py", "windows", *words, "--env", own, program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        timeout=300,
        check=False,
    )
    (trial,) = json.loads(done.stdout)["trials"]
    assert trial["outcome"] == "ok"
    (note,) = trial["notes"]
    assert note.startswith("left 2 processes running: ")
    assert "python" in note
    assert processes_of(tmp_path) == []


@pytest.mark.wide
def test_a_hang_is_told_with_stacks_where_no_kernel_tells_what_it_waits_for(
    tmp_path: Path,
) -> None:
    program = tmp_path / "a.py"
    program.write_text(
        "import threading\nlock = threading.Lock()\nwith lock:\n    lock.acquire()\n"
    )
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    words = ["run", "--backend", "native", "--method", "spawn", "--trials", "1", "--json"]
    # Long enough to be told from a wait for a core where other tests want them.
    words += ["--timeout", "20", "--explain", "off", "--env", own, str(program)]
    done = subprocess.run(
        [sys.executable, HIDING / "run.py", "macos", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        timeout=300,
        check=False,
    )
    (trial,) = json.loads(done.stdout)["trials"]
    assert trial["outcome"] == "hang"
    (process,) = trial["processes"]
    (thread,) = process["threads"]
    assert [(each["file"], each["line"]) for each in thread["stack"]] == [("a.py", 4)]


def test_the_list_of_what_is_lacking_is_up_to_date() -> None:
    pytest.importorskip("mypy", reason="mypy brings typeshed, whose knowledge it is")
    done = subprocess.run(
        [sys.executable, "-c", "import typeshed; print(typeshed.text(), end='')"],
        cwd=HIDING,
        env=os.environ | {"PYTHONPATH": str(HIDING)},
        capture_output=True,
        timeout=300,
        check=True,
    )
    assert done.stdout.decode() == (HIDING / "lacking.py").read_text("utf-8")
