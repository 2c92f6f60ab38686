"""The catalogue: what it refuses and in which words, and that what ships is right."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from startlab import catalogue
from startlab.backends import interpreters
from startlab.catalogue import mistakes
from startlab.errors import CatalogueError
from startlab.model import Check, Expectation, Experiment
from startlab.plan import cells, environments
from startlab.results import journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.model import Run

GOOD = """
group = "locks"
title = "A title"
claim = "A claim."
mechanism = "A mechanism."
source = ["https://example.org"]
[[expect]]
outcome = ["ok"]
"""


def make(root: Path, text: str, name: str = "example", programs: str = "program.py") -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    for program in programs.split():
        (folder / program).write_text("pass\n", "utf-8")
    file = folder / "experiment.toml"
    file.write_text(text, "utf-8")
    return file


# --- what is right -----------------------------------------------------------------------------


def test_an_experiment_needs_little(tmp_path: Path) -> None:
    make(tmp_path, GOOD)
    (experiment,) = catalogue.load(tmp_path)
    assert experiment.name == "example"
    assert experiment.program == "example/program.py"
    assert experiment.methods == ("fork", "forkserver", "spawn")
    assert experiment.expect == (Expectation(outcome=("ok",)),)
    assert experiment.check == Check()
    assert experiment.force


def test_a_variant_is_as_its_experiment_but_for_what_it_says(tmp_path: Path) -> None:
    text = """
    timeout_s = 3
    args = ["a"]
    expect = [{outcome = ["ok"]}]
    [variants.cure]
    title = "The cure"
    force = false
    expect = [{outcome = ["hang"]}]
    [variants.other]
    title = "Another"
    program = "program.py"
    args = []
    expect = [{outcome = ["ok"]}]
    """
    make(tmp_path, GOOD.partition("[[")[0] + text, programs="program.py cure.py")
    plain, cure, other = catalogue.load(tmp_path)
    assert [plain.name, cure.name, other.name] == ["example", "example:cure", "example:other"]
    assert (cure.program, other.program) == ("example/cure.py", "example/program.py")
    assert (cure.title, cure.claim, cure.timeout_s) == ("The cure", "A claim.", 3)
    assert (plain.force, cure.force, other.force) == (True, False, True)
    assert (plain.args, cure.args, other.args) == (("a",), ("a",), ())
    assert cure.expect == (Expectation(outcome=("hang",)),)


def test_experiments_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a", "c1_x"):
        make(tmp_path, GOOD, name)
    assert [each.name for each in catalogue.load(tmp_path)] == ["a", "b", "c1_x"]


# --- what is wrong: every error names the file, the key and what was expected -------------------


VARIANT = "[variants.v]\ntitle = 'x'\nexpect = [{outcome = ['ok']}]"
MEASURE = '[[measure]]\nname = "n"\nunit = "s"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title = ", "not TOML: Invalid value (at end of document); a text needs quotes"),
        (GOOD.replace('"locks"', "locks"),
         "not TOML: Invalid value (at line 2, column 9); a text needs quotes"),
        (GOOD + "x", "not TOML: Expected '=' after a key in a key/value pair (at end of document)"),
        ('cures = "x"' + GOOD,
         "unknown key cures; did you mean cure? Keys: group, title, claim, mechanism, source, "),
        (GOOD + 'wen = "x"', "the 1st [[expect]]: unknown key wen; did you mean when? Keys: outco"),
        (GOOD + "[check]\nfoo = 'x'", "check: unknown key foo. Keys: stdout, lines, interleaved, "),
        (GOOD + "[variants.v]\ntitel = 'x'", "variants.v: unknown key titel; did you mean title?"),
        (GOOD.replace('title = "A title"\n', ""), "title is missing"),
        (GOOD + "[variants.v]\nexpect = []", "variants.v: title is missing"),
        (GOOD.partition("[[")[0] + "expect = []", "expect: expected at least one entry, found 'no"),
        (GOOD + "[variants.cure]\ntitle = 'x'\nexpect = []",
         "variants.cure.expect: expected at least one entry, found 'none'"),
        (GOOD.replace('"A title"', "3"), "title: expected a text in quotes, found 3"),
        ("timeout_s = 'long'" + GOOD, "timeout_s: expected a number, found 'long'"),
        ("min_cores = 'x'" + GOOD, "min_cores: expected a whole number, found 'x'"),
        ("force = 1" + GOOD, "force: expected true or false, found 1"),
        ("check = 3" + GOOD, "check: expected a table, found 3"),
        ("variants = 3" + GOOD, "variants: expected a table, found 3"),
        (GOOD.replace('["https://example.org"]', '"x"'),
         """source: expected a list: ["x"], found 'x'"""),
        (GOOD.replace('["ok"]', '"ok"'),
         """the 1st [[expect]], outcome: expected a list: ["ok"], found 'ok'"""),
        (GOOD.replace('["ok"]', "[]"),
         "the 1st [[expect]], outcome: expected at least one outcome, found 'none'"),
        (GOOD.replace('["https://example.org"]', "[]"),
         "source: expected at least one entry, found 'none'"),
        (GOOD.replace('"locks"', '"stat"'), "group: expected one of basics, locks, "),
        ("requires = ['x']" + GOOD, "requires: expected one of libc.so.6, "),
        (GOOD + GOOD[GOOD.index("[[") :].replace('"ok"', '"fine"'),
         "the 2nd [[expect]], outcome: expected one of crash, differs, error, hang, ok, "),
        (GOOD + 'method = ["thread"]',
         "the 1st [[expect]], method: expected one of default, fork, forkserver, spawn, found 'th"),
        (GOOD + VARIANT.replace("]}]", "]}, {outcome = ['fine']}]"),
         "the 2nd [[variants.v.expect]], outcome: expected one of crash, "),
        ('requires_python = "3"\n' + GOOD, "requires_python: expected like '>=3.8', found '3'"),
        (GOOD + 'when = "python_version >"',
         "the 1st [[expect]], when: expected a PEP 508 marker (Expected a marker "),
        (GOOD + "when = \"glibc == '2'\"", "python_full_version, platform_python_implementation, "),
        (GOOD + "when = \"python_full_version ~= 'x'\"",
         "the 1st [[expect]], when: expected a PEP 508 marker (Undefined "),
        (GOOD + "when = \"python_version >= '3' and sys_platform == 'Linux'\"",
         "the 1st [[expect]], when, sys_platform: expected one of darwin, linux, win32, found 'Li"),
        (GOOD + "when = \"'linux' != platform_system\"",
         "the 1st [[expect]], when, platform_system: expected one of Darwin, Linux, Windows, fou"),
        (GOOD + "when = \"os_name == 'windows'\"",
         "the 1st [[expect]], when, os_name: expected one of nt, posix, found 'windows'"),
        (GOOD + "when = \"platform_python_implementation == 'pypy'\"",
         "the 1st [[expect]], when, platform_python_implementation: expected one of CPython, PyPy"),
        (GOOD + 'libc = "musll"',
         "the 1st [[expect]], libc: expected one of glibc, musl, found 'musll'"),
        (GOOD + "frequency = [0.5, 2]", "the 1st [[expect]], frequency: expected a range in 0 to "),
        (GOOD + "frequency = [0.5]", "the 1st [[expect]], frequency: Expected array of length 2"),
        (GOOD + "frequency = 0.5", "the 1st [[expect]], frequency: expected a list, found 0.5"),
        (GOOD + 'exception = "(("', "the 1st [[expect]], exception: expected a regular expression"),
        (GOOD + 'stdout = "[z-a]"', "the 1st [[expect]], stdout: expected a regular expression"),
        (GOOD + MEASURE + 'pattern = "(("',
         "the 1st [[measure]], pattern: expected a regular expression"),
        (GOOD + MEASURE + 'pattern = "x"',
         "the 1st [[measure]], pattern: expected a group around the values, found 'x'"),
        ('program = "other.py"' + GOOD, "program: expected a file beside it, found 'other.py'"),
        (GOOD + VARIANT, "variants.v.program: expected a file beside it, found 'v.py'"),
        (GOOD + VARIANT.replace("v]", "V]"),
         "variants.V: expected small letters, digits and _, found 'V'"),
    ],
)  # fmt: skip
def test_an_error_names_file_key_and_what_was_expected(
    tmp_path: Path, text: str, told: str
) -> None:
    file = make(tmp_path, text, programs="program.py cure.py")
    with pytest.raises(CatalogueError) as raised:
        catalogue.load(tmp_path)
    assert str(raised.value).startswith(f"{file}: ")
    assert told in str(raised.value)


@pytest.mark.parametrize(
    "entry",
    [
        'libc = "glibc"',
        'libc = "musl"',
        'libc = "glibc 2.36"',
        "when = \"sys_platform == 'linux' or 'Darwin' == platform_system\"",
        "when = \"platform_python_implementation == 'PyPy' and implementation_name != 'cpython'\"",
        "when = \"platform_machine == 'riscv64' and platform_release == '6'\"",
    ],
)
def test_what_may_be_true_is_no_error(tmp_path: Path, entry: str) -> None:
    make(tmp_path, GOOD + entry)
    assert len(catalogue.load(tmp_path)) == 1


def test_people_count_from_one() -> None:
    said = " ".join(mistakes.ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111))
    assert said == "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th"


def test_the_nearest_words_have_the_word_in_them_or_look_like_it() -> None:
    words = {"lock_held", "file_lock", "block", "clock", "countdown"}
    assert mistakes.nearest("lock", words) == ["block", "clock", "file_lock"]
    assert mistakes.nearest("cuontdwon", words, 1) == ["countdown"]


def test_programs_without_an_experiment_are_refused(tmp_path: Path) -> None:
    make(tmp_path, GOOD, "right")
    make(tmp_path, GOOD, "wrong").rename(tmp_path / "wrong" / "experiments.toml")
    with pytest.raises(CatalogueError) as raised:
        catalogue.load(tmp_path)
    assert str(raised.value) == f"{tmp_path / 'wrong'} has programs, but no experiment.toml"


def test_what_git_leaves_of_an_experiment_is_none(tmp_path: Path) -> None:
    make(tmp_path, GOOD, "right")
    (tmp_path / "gone" / "__pycache__").mkdir(parents=True)
    assert [each.name for each in catalogue.load(tmp_path)] == ["right"]


def test_a_folder_with_another_name_is_refused(tmp_path: Path) -> None:
    file = make(tmp_path, GOOD, "My-Example")
    with pytest.raises(CatalogueError) as raised:
        catalogue.load(tmp_path)
    assert str(raised.value) == (
        f"{file}: the folder's name: expected small letters, digits and _, found 'My-Example'"
    )


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = make(tmp_path, GOOD)
    file.write_bytes(b"title = '\xff'")
    with pytest.raises(CatalogueError, match=re.escape(str(file))):
        catalogue.load(tmp_path)


# --- the digest --------------------------------------------------------------------------------


def test_the_digest_changes_with_programs_and_expectations_alone(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in ("a", "b", "c", "d")]
    files = [make(root, GOOD) for root in roots]
    files[1].write_text(GOOD + "# more", "utf-8")
    (roots[2] / "example" / "program.py").write_text("1\n", "utf-8")
    (roots[3] / "example" / "notes.txt").write_text("no matter", "utf-8")
    same, toml, program, notes = map(catalogue.digest, roots)
    assert same == notes
    assert len({same, toml, program}) == 3


SHIPPED = catalogue.load()
PROGRAMS = sorted(catalogue.ROOT.glob("*/*.py"))

# --- what CONTRIBUTING.md shows ------------------------------------------------------------------

CONTRIBUTING = Path(__file__).parents[2] / ".github" / "CONTRIBUTING.md"
in_a_checkout = pytest.mark.skipif(not CONTRIBUTING.is_file(), reason="it is in a checkout alone")


@in_a_checkout
def test_the_sample_expects_what_the_catalogue_does(tmp_path: Path) -> None:
    text = CONTRIBUTING.read_text("utf-8")
    sample = textwrap.dedent(text.partition("   ```toml\n")[2].partition("   ```\n")[0])
    make(tmp_path, sample, "recursion_limit", programs="program.py cure.py")
    real = {each.name: each for each in SHIPPED}
    for each in catalogue.load(tmp_path):
        assert each.expect == real[each.name].expect
        assert each.title == real[each.name].title


@in_a_checkout
def test_every_key_is_reported() -> None:
    text = CONTRIBUTING.read_text("utf-8")
    table = text.partition("| key | what it is |")[2].partition("\n\n")[0]
    keys = set(Experiment.__struct_fields__) - {"name"}
    assert {key for key in keys if not re.search(rf"`\[*{key}\]*`", table)} == set()


# --- what ships --------------------------------------------------------------------------------


def test_the_shipped_catalogue_loads_and_names_are_unique() -> None:
    names = [each.name for each in SHIPPED]
    assert len(names) == len(set(names))
    assert "countdown" in names


def test_every_program_belongs_to_an_experiment() -> None:
    used = {catalogue.ROOT / each.program for each in SHIPPED}
    for experiment in {each.name.partition(":")[0] for each in SHIPPED}:
        files = (catalogue.ROOT / experiment).glob("*.*")
        text = "".join(path.read_text("utf-8") for path in files)
        helpers = (catalogue.ROOT / experiment).glob("*.py")
        unused = [p for p in helpers if p not in used and p.stem not in text]
        assert unused == []


def test_no_program_imports_anything_of_startlab() -> None:
    assert PROGRAMS
    for program in PROGRAMS:
        assert not re.search(
            r"^\s*(import|from) startlab\b", program.read_text("utf-8"), re.MULTILINE
        )


@pytest.mark.targets
@pytest.mark.native
def test_every_program_compiles_on_every_interpreter_that_is_oldest_and_newest() -> None:
    found = sorted(interpreters.find(), key=lambda each: environments.sort_key(each.name))
    compile_all = "import sys\nfor p in sys.argv[1:]: compile(open(p, 'rb').read(), p, 'exec')"
    for each in (found[0], found[-1]):
        elsewhere = {
            catalogue.ROOT / experiment.program
            for experiment in SHIPPED
            if cells.lacking(experiment, each)
        }
        programs = [str(program) for program in PROGRAMS if program not in elsewhere]
        done = subprocess.run(
            [each.executable, "-c", compile_all, *programs],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert (each.name, done.stderr) == (each.name, "")


def test_no_expectation_is_behind_one_that_matches_everything() -> None:
    for experiment in SHIPPED:
        for expectation in experiment.expect[:-1]:
            narrow = (expectation.method, expectation.when, expectation.libc)
            assert any(each is not None for each in (*narrow, expectation.free_threaded))


# --- what is broken turns a run red -------------------------------------------------------------

OWN = f"host-{sys.version_info[0]}.{sys.version_info[1]}"
RUN = ("lab", "--backend", "native", "--env", OWN, "--out", "run")


class Copy:
    """A copy of the package, whose catalogue has one experiment, and what a run of it says."""

    experiment = "started_twice"
    """Quick, certain, and the same under every method, on every platform and Python."""

    def __init__(self, root: Path) -> None:
        self.root = root
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(catalogue.ROOT.parent, root / "startlab", ignore=skip)
        for each in (root / "startlab" / "catalogue").iterdir():
            if each.is_dir() and each.name != self.experiment:
                shutil.rmtree(each)
        self.folder = root / "startlab" / "catalogue" / self.experiment

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.folder / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")

    def lab(self) -> tuple[int, str, Run]:
        done = subprocess.run(
            [sys.executable, "-m", "startlab", *RUN], cwd=self.root, check=False, timeout=300,
            capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(self.root), "PYTHONIOENCODING": "utf-8",
                              "COLUMNS": "120", "NO_COLOR": "1"},
        )  # fmt: skip
        return done.returncode, done.stdout, journal.read(self.root / "run")


def break_the_program(copy: Copy) -> None:
    """It no longer does what it is there to show."""
    shutil.copy(copy.folder / "cure.py", copy.folder / "program.py")


def break_the_cure(copy: Copy) -> None:
    """It cures nothing."""
    shutil.copy(copy.folder / "program.py", copy.folder / "cure.py")


def break_what_the_cure_prints(copy: Copy) -> None:
    """It runs to its end, and does something else."""
    copy.edit("cure.py", "range(2)", "range(1)")


def break_the_expectation(copy: Copy) -> None:
    """Another outcome is expected."""
    copy.edit("experiment.toml", 'outcome = ["error"]', 'outcome = ["hang"]')


def break_the_expected_exception(copy: Copy) -> None:
    """The outcome is expected, but for another reason."""
    copy.edit("experiment.toml", '"AssertionError: cannot start', '"RuntimeError: cannot start')


wide = partial(pytest.param, marks=pytest.mark.wide)


@pytest.mark.targets
@pytest.mark.native
@pytest.mark.parametrize(
    ("damage", "name", "reason"),
    [
        (break_the_program, "started_twice", "expected error"),
        (break_the_cure, "started_twice:cure", "AssertionError: cannot start a process twice"),
        wide(break_what_the_cure_prints, "started_twice:cure", "expected ok"),
        wide(break_the_expectation, "started_twice", "expected hang"),
        wide(break_the_expected_exception, "started_twice", "RuntimeError: cannot start"),
    ],
)
def test_a_run_with_something_broken_is_red_and_names_it(
    tmp_path: Path, damage: Callable[[Copy], None], name: str, reason: str
) -> None:
    copy = Copy(tmp_path)
    damage(copy)
    status, output, run = copy.lab()
    assert status == 1
    red = {trial.cell for trial in run.trials if not trial.as_expected}
    ran = {trial.cell for trial in run.trials if trial.outcome != "unsupported"}
    assert red == {cell for cell in ran if cell.experiment == name}
    told = output.partition("Not as expected")[2].splitlines()
    named = [line for line in told if f" × {OWN} × " in line]
    assert sorted(line.rpartition(": ")[0] for line in named) == sorted(
        f"{name} × {OWN} × {cell.method}" for cell in red
    )
    assert any(reason in line for line in told)


@pytest.mark.targets
@pytest.mark.native
def test_the_same_run_with_nothing_broken_is_green(tmp_path: Path) -> None:
    status, output, run = Copy(tmp_path).lab()
    assert (status, run.missing) == (0, ())
    assert len(run.trials) == len(run.planned)
    assert "all as expected" in output
