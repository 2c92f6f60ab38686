"""`startlab list`, `show`, `claims` and `lab --update-expectations`, on real runs."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from startlab import catalogue
from startlab.model import START_METHODS
from startlab.results import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Startlab = Callable[..., subprocess.CompletedProcess[str]]

OWN = f"host-{sys.version_info[0]}.{sys.version_info[1]}"
PACKAGE = Path(journal.__file__).parents[1]
pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
]

forks = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="what is shown is a run of fork"
)


def startlab_in(
    folder: Path, source: Path = PACKAGE.parent, before: Sequence[str] = ()
) -> Startlab:
    def startlab(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*before, sys.executable, "-m", "startlab", *words],
            cwd=folder,
            env=os.environ
            | {"PYTHONPATH": str(source), "PYTHONIOENCODING": "utf-8"}
            | {"COLUMNS": "100", "NO_COLOR": "1"},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    return startlab


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of a few experiments."""
    folder = tmp_path_factory.mktemp("runs")
    run_some(startlab_in(folder), "start_and_join", "lock_held_at_fork*", "start_latency")
    return folder


@pytest.fixture
def startlab(folder: Path) -> Startlab:
    return startlab_in(folder)


def run_some(startlab: Startlab, *experiments: str, more: Sequence[str] = ()) -> str:
    selectors = [word for name in experiments for word in ("-x", name)]
    done = startlab("lab", "--backend", "native", "-e", OWN, *selectors, *more)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def patch() -> str:
    """Find patch(1)."""
    found = shutil.which("patch")
    if found is None:
        pytest.skip("there is no patch(1) here")
    return found


# --- list --------------------------------------------------------------------------------------


def listed(startlab: Startlab, *words: str) -> list[str]:
    done = startlab("list", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [each["name"] for each in json.loads(done.stdout)]


def test_list_shows_the_experiments_by_group(startlab: Startlab) -> None:
    text = startlab("list").stdout
    shown = [
        heading
        for heading in catalogue.GROUPS.values()
        if re.search(f"^{heading}", text, re.MULTILINE)
    ]
    assert shown == [
        heading
        for group, heading in catalogue.GROUPS.items()
        if any(each.group == group for each in catalogue.load())
    ]
    assert all(re.search(rf"^  {each.name} ", text, re.MULTILINE) for each in catalogue.load())


@pytest.mark.wide
def test_list_has_filters(startlab: Startlab) -> None:
    every = catalogue.load()
    assert listed(startlab, "--group", "locks") == [e.name for e in every if e.group == "locks"]
    assert listed(startlab, "--tag", "native", "--tag", "forkserver") == [
        each.name for each in every if {"native", "forkserver"} <= set(each.tags)
    ]
    hanging = listed(startlab, "--outcome", "hang")
    assert "lock_held_at_fork" in hanging
    assert "lock_held_at_fork:cure" not in hanging
    assert "missing_main_guard" in listed(startlab, "--outcome", "error", "--method", "spawn")
    assert listed(startlab, "--method", "default") == [
        each.name for each in every if "default" in each.methods
    ]


def test_list_searches_names_texts_tags_and_programs(startlab: Startlab) -> None:
    assert listed(startlab, "ContextVar") == ["process_of_a_thread:contextvar"]  # its name
    assert "lock_held_at_fork:cure" in listed(startlab, "before the thread")  # its title
    assert "frozen_environment" in listed(startlab, "warning filters")  # its mechanism
    assert "inherited_socket" in listed(startlab, "a forked CHILD keeps open")  # its claim
    assert "default_start_method" in listed(startlab, "getppid")  # its program alone
    both = listed(startlab, "socket", "0.2")
    assert both == ["socket_timeout", "socket_timeout:cure"]
    assert listed(startlab, "socket", "--method", "default") == []


def test_an_unknown_tag_is_reported_with_the_nearest(startlab: Startlab) -> None:
    done = startlab("list", "--tag", "lokcs")
    assert done.returncode == 2
    assert "--tag lokcs: no experiment has it. The nearest are locks, " in done.stderr
    assert "`startlab list lokcs` looks for the word" in done.stderr
    assert len(done.stderr) < 300


def test_a_list_in_a_pipe_is_neither_wrapped_nor_cut(startlab: Startlab) -> None:
    """The fixture's terminal would have 100 columns."""
    lines = startlab("list").stdout.splitlines()
    for each in catalogue.load():
        whole = rf"  {each.name} +{re.escape(each.title)} *"
        assert any(re.fullmatch(whole, line) for line in lines)


# --- show --------------------------------------------------------------------------------------


@forks
def test_show_has_all_of_an_experiment(startlab: Startlab) -> None:
    done = startlab("show", "lock_held_at_fork")
    assert done.returncode == 0, done.stderr
    text = done.stdout
    program = (catalogue.ROOT / "lock_held_at_fork" / "program.py").read_text("utf-8")
    lines = [line.rstrip() for line in text.splitlines()]
    assert all(line in lines for line in program.splitlines())
    for heading in ("Claim", "Mechanism", "Expected, the first that matches", "Cure", "Sources"):
        assert heading in lines
    assert "lock_held_at_fork:cure: The process is started before the thread" in lines
    assert "+++ lock_held_at_fork/cure.py" in lines
    assert re.search(r"^fork +sys_platform == 'linux' +hang", text, re.MULTILINE)
    assert "  https://bugs.python.org/issue6721" in lines
    assert re.search(r"^lock_held_at_fork +fork +∞ hang$", text, re.MULTILINE | re.ASCII)


@forks
def test_show_has_what_was_measured(startlab: Startlab) -> None:
    text = startlab("show", "start_latency").stdout
    number = r"[\d.e+]+ \([\d.e+]+ to [\d.e+]+\)"
    rows = [rf"{OWN} +fork +{number} *", rf"{OWN} +forkserver +{number} +{number} *"]
    assert re.search(rf"start_latency, later start, ms\n.*\n{rows[0]}\n{rows[1]}\n", text)


@forks
def test_show_as_json(startlab: Startlab) -> None:
    shown = json.loads(startlab("show", "lock_held_at_fork", "--json").stdout)
    assert shown["experiment"]["name"] == "lock_held_at_fork"
    assert shown["variants"][0]["name"] == "lock_held_at_fork:cure"
    assert set(shown["programs"]) >= {"lock_held_at_fork", "lock_held_at_fork:cure"}
    outcomes = {
        each["cell"]["method"]: each["outcome"]
        for each in shown["cells"]
        if each["cell"]["experiment"] == "lock_held_at_fork"
    }
    assert outcomes == {"fork": "hang", "forkserver": "ok", "spawn": "ok"}


def test_show_of_a_variant_is_of_it_alone(startlab: Startlab) -> None:
    text = startlab("show", "lock_held_at_fork:cure").stdout
    assert text.startswith("lock_held_at_fork:cure: The process is started before the thread")
    assert "new_lock" not in text


def test_show_puts_a_cure_beside_what_it_cures(startlab: Startlab) -> None:
    lines = [line.rstrip() for line in startlab("show", "lost_result").stdout.splitlines()]
    assert [line for line in lines if line.startswith("--- ")] == [
        "--- lost_result/program.py", "--- lost_result/queue_item.py",
    ]  # fmt: skip
    assert '"""A process puts an item into a queue that cannot be pickled."""' in lines
    assert any(line.startswith("put() returns before anything is pickled") for line in lines)


def test_show_where_nothing_was_run_says_how_to(tmp_path: Path) -> None:
    done = startlab_in(tmp_path)("show", "countdown")
    assert done.returncode == 0
    assert "There is no run here yet: startlab lab -x 'countdown*'" in done.stdout


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("lock_held", "lock_held_at_fork, "),
        ("lock_hled_at_frok", "lock_held_at_fork, "),
        ("recursion_limit:cura", "recursion_limit:cure, "),
    ],
)
def test_show_of_what_is_not_there(startlab: Startlab, name: str, near: str) -> None:
    done = startlab("show", name)
    assert done.returncode == 2
    said = f"There is no experiment {name}. The nearest are {near}"
    assert said in done.stderr
    assert f"`startlab list` has all, `startlab list {name}` those with that word" in done.stderr
    assert len(done.stderr) < 300


# --- claims ------------------------------------------------------------------------------------


def judged(startlab: Startlab, *words: str) -> dict[str, dict[str, Any]]:
    done = startlab("claims", "--json", *words)
    assert done.returncode == 0, done.stderr
    return {each["claim"]["id"]: each for each in json.loads(done.stdout)["claims"]}


@forks
def test_claims_judges_the_last_run(startlab: Startlab) -> None:
    found = judged(startlab)
    assert found["4"]["verdict"] == "holds"
    assert found["14"]["verdict"] == "holds"
    assert found["15a"]["verdict"] == "refuted"
    assert found["6"]["verdict"] == "not run"
    cells = [each["cell"] for each in found["14"]["supporting"]]
    assert cells == [{"experiment": "lock_held_at_fork", "environment": OWN, "method": "fork"}]


@forks
def test_a_start_under_spawn_is_shown_to_be_slower_or_nothing_is(startlab: Startlab) -> None:
    found = judged(startlab)["10a"]
    assert found["verdict"] in ("holds", "not run")  # not run: the machine was too busy to tell
    for each in found["supporting"]:
        assert each["value"] > 1
        assert re.fullmatch(r"later start \S+ times fork's \(\S+ to \S+\)", each["exactly"])


@forks
def test_claims_in_words(startlab: Startlab, folder: Path) -> None:
    text = startlab("claims", str(folder / ".startlab" / "latest")).stdout
    assert f"on {OWN}\n" in text
    assert re.search(r"^ 15a  ✗ refuted: This does not occur in pure Python.$", text, re.MULTILINE)
    assert f"      against: lock_held_at_fork (hang under fork on {OWN})" in text
    # What is measured holds only in part where something else keeps the cores busy.
    counts = r"\d+ claims: \d+ holds, (\d+ holds in part, )?\d+ refuted, \d+ not run$"
    assert re.search(counts, text.rstrip())
    assert not re.search(r" +$", text, re.MULTILINE)


@forks
def test_claims_names_every_cell_that_says_so(startlab: Startlab) -> None:
    text = startlab("claims", "--cells").stdout
    for method in START_METHODS:
        assert f"      for: start_and_join × {OWN} × {method}: ok\n" in text


def test_claims_without_a_run(tmp_path: Path) -> None:
    done = startlab_in(tmp_path)("claims")
    assert done.returncode == 2
    assert "is not a run" in done.stderr


# --- lab --update-expectations -----------------------------------------------------------------


BROKEN = ["lab", "--backend", "native", "-e", OWN, "-x", "lock_held_at_fork", "-m", "fork"]
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="it is the expectation of Linux")


def break_an_expectation(folder: Path, before: Sequence[str] = ()) -> tuple[Startlab, Path]:
    """Give a startlab with a catalogue of its own, one of whose entries is not right."""
    source = folder / "src"
    shutil.copytree(PACKAGE, source / "startlab", ignore=shutil.ignore_patterns("__pycache__"))
    toml = source / "startlab" / "catalogue" / "lock_held_at_fork" / "experiment.toml"
    text = toml.read_text("utf-8")
    assert 'outcome = ["hang"]' in text
    toml.write_text(text.replace('outcome = ["hang"]', 'outcome = ["ok"]', 1), "utf-8")
    return startlab_in(folder, source, before), toml


@pytest.mark.wide
@ON_LINUX
def test_a_broken_expectation_is_red_and_its_mending_is_proposed(tmp_path: Path) -> None:
    startlab, toml = break_an_expectation(tmp_path)
    text = toml.read_text("utf-8")
    done = startlab(*BROKEN, "--update-expectations")
    assert done.returncode == 1
    assert "expected ok" in done.stdout
    assert "\n+++ b/src/startlab/catalogue/lock_held_at_fork/experiment.toml\n" in done.stdout
    assert '\n+outcome = ["hang"]\n' in done.stdout
    assert toml.read_text("utf-8") == text  # a proposal changes nothing
    patched = subprocess.run(
        [patch(), "-p1"], cwd=tmp_path, input=done.stdout, text=True, timeout=300, check=False
    )
    assert patched.returncode == 0
    assert startlab(*BROKEN).returncode == 0


@ON_LINUX
@pytest.mark.wide
def test_a_broken_expectation_is_fixed_in_its_file(tmp_path: Path) -> None:
    startlab, toml = break_an_expectation(tmp_path)
    broken = toml.read_text("utf-8")
    done = startlab(*BROKEN, "--update-expectations=write")
    assert done.returncode == 1  # what the run found, it found
    assert f"Changed {toml}; review it" in done.stdout
    fixed = toml.read_text("utf-8")
    assert catalogue.read(toml, toml.parent.parent) != ()
    for comment_or_table in ("#", "[variants", "title", "cure", "mechanism"):
        assert fixed.count(comment_or_table) == broken.count(comment_or_table)
    again = startlab(*BROKEN, "--update-expectations=write")
    assert again.returncode == 0
    assert "The catalogue's expectations need no change." in again.stderr
    assert toml.read_text("utf-8") == fixed


@ON_LINUX
def test_a_catalogue_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("there is no setpriv(1) here, to take from root what root may do")
    startlab, toml = break_an_expectation(tmp_path, [setpriv, "--bounding-set=-dac_override"])
    broken = toml.read_bytes()
    toml.chmod(0o444)
    done = startlab(*BROKEN, "--update-expectations=write")
    assert done.returncode == 1
    assert f"{toml} is unchanged, because it cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert toml.read_bytes() == broken


def test_a_diff_and_a_document_do_not_go_together(startlab: Startlab) -> None:
    done = startlab("lab", "--update-expectations", "--json")
    assert done.returncode == 2
    assert "--update-expectations" in done.stderr
