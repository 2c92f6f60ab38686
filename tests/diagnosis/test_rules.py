"""Each rule finds what its programs do wrong, at the line that says so, and nothing in a good one.

A rule's folder in `rules` has a `program.py` with a comment above the line at which the finding
must be, `# finds: MECHANISM OUTCOME METHODS`, and a `healthy.py`. What was seen of both is recorded
beside them by `nox -s record`, so that rules are tested everywhere, in milliseconds; on Linux the
programs are run as well. Nothing in startlab knows these programs: they are what people write.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from msgspec import structs
from packaging.version import Version
from rich.console import Console

from startlab import catalogue, diagnosis
from startlab.backends import interpreters
from startlab.diagnosis import diagnose, rules
from startlab.diagnosis.answer import LONGEST
from startlab.diagnosis.rules import MECHANISMS, ORDER, RULES
from startlab.report import document, html, markdown, terminal
from tests import record
from tests.wine import images

if TYPE_CHECKING:
    from types import ModuleType

    from startlab.diagnosis import Diagnosis
    from startlab.diagnosis.case import Case, Cause
    from startlab.diagnosis.rule import Mechanism
    from startlab.model import Run
    from tests.record import Finds

CASES: Final = record.cases()
PROGRAMS: Final = [each for each in CASES if each.kind == "program"]
HEALTHY: Final = [each for each in CASES if each.kind == "healthy"]
ENTRIES: Final = ("find", "in_output", "of_test", "suspect", "note")
HEADINGS: Final = ["What it sees", "Why", "What to do", "Bad", "Good"]
IMPORTS_MAIN: Final = Version("3.13.8")
"""From here on the fork server has imported the main module, and its children are forks of that."""

WITHOUT_A_PROGRAM: Final = {
    "unexplained": "what no rule explains is not to be had on purpose",
}


def assert_found(found: Diagnosis, wanted: Finds) -> None:
    assert found.caveats == ()
    assert found.findings
    first = found.findings[0]
    assert (first.mechanism, "note" if first.note else first.outcome, first.where) == (
        wanted.mechanism, wanted.outcome, wanted.where,
    ), first  # fmt: skip
    methods = tuple(sorted({each.cell.method for each in first.cells}))
    assert methods == wanted.methods, found.findings
    assert MECHANISMS[wanted.mechanism].advice in first.advice
    assert "\n" not in found.answer
    assert len(found.answer) <= LONGEST
    assert first.note or not found.answer.startswith("Safe")


def assert_healthy(found: Diagnosis) -> None:
    assert found.caveats == ()
    assert found.findings == ()
    assert found.answer.startswith("Safe")


@pytest.mark.parametrize("case", PROGRAMS, ids=lambda case: case.name)
def test_what_was_recorded_of_a_program_is_explained(case: record.Case) -> None:
    """The first finding is the one that the program's comment says."""
    wanted = case.finds()
    assert wanted is not None
    found = diagnose(record.read(case))
    assert_found(found, wanted)
    assert record.told(found) == (case.folder / "finding.txt").read_text("utf-8"), (
        "`nox -s record -- --findings` writes it again"
    )


@pytest.mark.parametrize("case", PROGRAMS, ids=lambda case: case.name)
def test_a_second_trial_that_goes_the_same_way_changes_no_cause(case: record.Case) -> None:
    """A cell that surprises is run once more: the two trials do not speak against each other."""
    wanted = case.finds()
    assert wanted is not None
    run = record.read(case)
    again = [structs.replace(each, trial=each.trial + len(run.trials)) for each in run.trials]
    assert_found(diagnose(structs.replace(run, trials=(*run.trials, *again))), wanted)


@pytest.mark.parametrize("there", ["alone", "too"])
def test_what_children_raise_explains_what_the_load_left_undecided(there: str) -> None:
    """Unless they raise it too where the program ends well."""
    case = next(each for each in PROGRAMS if each.name.startswith("unpickling_fails/queue_of"))
    run = record.read(case)
    raised = next(each.stderr for each in run.trials if each.outcome == "hang")
    trials = tuple(
        structs.replace(each, outcome="undecided", processes=(), reason="not over after 9 s")
        if each.outcome == "hang"
        else structs.replace(each, stderr=raised if there == "too" else "")
        for each in run.trials
    )
    found = diagnose(structs.replace(run, trials=trials)).findings
    told = [each.text for each in found if each.mechanism == "lost_by_pickling"]
    assert [text.endswith(" The trial was not over after 9 s.") for text in told] == (
        [True] if there == "alone" else []
    )


@pytest.mark.parametrize("case", HEALTHY, ids=lambda case: case.name)
def test_what_was_recorded_of_a_healthy_program_has_no_finding(case: record.Case) -> None:
    """Nothing is found, not even a note."""
    assert_healthy(diagnose(record.read(case)))


def native() -> str:
    """Name an interpreter of this host whose fork server has not imported the main module."""
    old = [each for each in interpreters.find() if Version(each.python) < IMPORTS_MAIN]
    own = "host-{}.{}".format(*sys.version_info[:2])
    names = sorted((each.name for each in old if each.name.startswith("host-3.1")), reverse=True)
    if not names:
        pytest.skip(f"no Python from 3.10 on that is older than {IMPORTS_MAIN}")
    return own if own in names else names[0]


def wide(case: record.Case) -> bool:
    """Whether it needs an image, or is not the first of each 16th rule that goes wrong."""
    if record.in_container(case.said("python", record.PYTHON)):
        return True
    first = case.kind != "healthy" and case.folder.parent == record.RULES
    return not first or list(RULES).index(case.folder.name) % 16 > 0


@pytest.mark.native
@pytest.mark.targets
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no hang is proven")
@pytest.mark.parametrize(
    "case",
    [pytest.param(each, marks=pytest.mark.wide if wide(each) else ()) for each in CASES],
    ids=lambda case: case.name,
)
def test_a_program_is_explained_as_it_runs(case: record.Case, tmp_path: Path) -> None:
    """The rules find in a run what they find in the record."""
    environment = case.said("python", native())
    if case.packages():
        pytest.skip("needs packages, which `nox -s record` installs")
    if record.in_container(environment):
        images.need(environment)
    elif environment not in {each.name for each in interpreters.find()}:
        pytest.skip(f"needs {environment}")
    found = diagnose(record.run(case, tmp_path, environment))
    wanted = case.finds()
    if wanted is None:
        assert_healthy(found)
    else:
        assert_found(found, wanted)


# --- the rules themselves ------------------------------------------------------------------------


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_a_program_that_breaks_and_a_healthy_one(name: str) -> None:
    folder = record.RULES / name
    if name in WITHOUT_A_PROGRAM:
        assert not (folder / "program.py").exists()
        return
    assert (folder / "program.py").is_file()
    assert (folder / "healthy.py").is_file()


@pytest.mark.parametrize("module", RULES.values(), ids=RULES)
def test_a_rules_docstring_says_what_why_and_what_to_do(module: ModuleType) -> None:
    text = module.__doc__ or ""
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert text.partition("\n")[0].endswith(".")
    codes = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for code in codes:
        compile(code, "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("module", RULES.values(), ids=RULES)
def test_a_rule_is_asked_by_each_of_its_entries(module: ModuleType) -> None:
    """What a rule's file offers is in the order, under its usual name."""
    own = [
        each
        for name, each in vars(module).items()
        if callable(each) and getattr(each, "__module__", "") == module.__name__ and name[0] != "_"
    ]
    asked = {rule for each in ORDER.values() for rule in each}
    assert own
    assert {each.__name__ for each in own} <= set(ENTRIES)
    assert set(own) <= asked


def test_every_file_of_a_rule_is_in_the_order() -> None:
    folder = Path(diagnosis.__file__).parent / "rules"
    assert {file.stem for file in folder.glob("*.py")} - {"__init__"} == set(RULES)


@pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=lambda each: each.name)
def test_an_advice_names_an_experiment_that_there_is(mechanism: Mechanism) -> None:
    assert mechanism.advice.endswith(".") or not mechanism.advice
    if mechanism.experiment is not None:
        assert (catalogue.ROOT / mechanism.experiment / "experiment.toml").is_file()


def test_a_mechanism_is_one_rules_alone_and_each_that_is_told_is_known() -> None:
    names = [each.name for module in RULES.values() for each in module.MECHANISMS]
    assert len(set(names)) == len(names)
    told = set()
    for file in Path(diagnosis.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id == "Cause" and isinstance(node.args[0], ast.Constant):
                told.add(node.args[0].value)
    assert told
    assert told <= set(MECHANISMS)  # a rule may see what else an experiment shows


@pytest.mark.targets
def test_no_module_compares_a_mechanism_with_a_name() -> None:
    """What is to be known of a mechanism is a field of it."""
    package = Path(diagnosis.__file__).parents[1]
    for file in package.rglob("*.py"):
        if file.parent.name == "rules" or "catalogue" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Compare):
                names = {
                    each.value
                    for part in ast.walk(node)
                    if isinstance(each := part, ast.Constant) and each.value in MECHANISMS
                }
                assert "mechanism" not in ast.unparse(node) or not names, (file, node.lineno)


# --- a rule that fails ---------------------------------------------------------------------------


def broken(case: Case) -> Cause | None:
    raise KeyError(case.trial.method)


@pytest.fixture
def with_a_broken_rule(monkeypatch: pytest.MonkeyPatch) -> Run:
    order = {situation: (broken, *asked) for situation, asked in ORDER.items()}
    monkeypatch.setattr(rules, "ORDER", order)
    (case,) = [each for each in PROGRAMS if each.folder.name == "no_end_mark"]
    return record.read(case)


def test_a_rule_that_raises_is_a_caveat_and_nothing_else_is_lost(with_a_broken_rule: Run) -> None:
    found = diagnose(with_a_broken_rule)
    assert [each.mechanism for each in found.findings] == ["no_end_mark"]
    (caveat,) = found.caveats
    assert caveat.startswith("The rule test_rules failed (KeyError: 'fork'): ")


@pytest.mark.parametrize("form", ["terminal", "html", "markdown", "json"])
def test_a_rule_that_raises_is_told_in_every_report(with_a_broken_rule: Run, form: str) -> None:
    said = io.StringIO()
    found = diagnose(with_a_broken_rule)
    if form == "terminal":
        terminal.show(with_a_broken_rule, found, Console(file=said, width=300))
    elif form == "html":
        html.write(with_a_broken_rule, found, said)
    elif form == "markdown":
        markdown.write(with_a_broken_rule, found, said)
    else:
        document.write(with_a_broken_rule, found, said)
        assert len(json.loads(said.getvalue())["caveats"]) == 1
    assert "The rule test_rules failed" in said.getvalue()
    assert "an item of its queue" in said.getvalue()
