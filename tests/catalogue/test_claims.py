"""What the cells of a run say about a sentence, and the errors for a malformed claims file."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, get_args

import msgspec
import pytest

from startlab import catalogue
from startlab.catalogue import claims
from startlab.catalogue.claims import Claim, Evidence, Verdict, Witness
from startlab.errors import CatalogueError
from startlab.model import (
    Cell,
    Environment,
    Measurement,
    Method,
    Outcome,
    PlannedEnvironment,
    Program,
    Run,
    RunHeader,
    Selection,
    Trial,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEADER = RunHeader(
    id="id", schema_version=1, startlab="1", catalogue="c", started="now", backend="native",
    selection=Selection(),
)  # fmt: skip

TOML = """
group = "locks"
title = "A title"
claim = "A claim."
mechanism = "A mechanism."
source = ["https://example.org"]
tags = ["hazard"]
[[measure]]
name = "start"
unit = "ms"
pattern = "^(.+) ms$"
[[expect]]
outcome = ["ok"]
"""


def trial(
    outcome: Outcome = "ok",
    *,
    experiment: str = "lock",
    environment: str = "host-3.13",
    method: Method = "fork",
    number: int = 0,
    **said: object,
) -> Trial:
    values: dict[str, object] = {"reason": "", "as_expected": True, "expected": (outcome,)}
    return Trial(
        experiment=experiment,
        environment=environment,
        method=method,
        trial=number,
        outcome=outcome,
        **(values | said),  # type: ignore[arg-type]
    )


@pytest.fixture
def environments(environment: Environment) -> dict[str, Environment]:
    """Three versions, of which the oldest has only fork."""
    versions = {"2.7.18": ("fork",), "3.13.0": environment.methods, "3.14.8": environment.methods}
    return {
        (name := f"host-{python.rpartition('.')[0]}"): msgspec.structs.replace(
            environment, name=name, python=python, methods=methods
        )
        for python, methods in versions.items()
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A catalogue of two experiments."""
    for name in ("lock", "pipe"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "program.py").touch()
        (tmp_path / name / "experiment.toml").write_text(TOML, "utf-8")
    return tmp_path


def run_of(environments: Mapping[str, Environment], *trials: Trial) -> Run:
    planned = (
        PlannedEnvironment(name=name, cells=(), environment=each)
        for name, each in environments.items()
    )
    return Run(header=HEADER, environments=tuple(planned), trials=trials, ends=())


class Ledger:
    """A `claims.toml` with one claim, and runs that are judged by it."""

    def __init__(self, root: Path, environments: Mapping[str, Environment]) -> None:
        self.root = root
        self.environments = environments
        self.quantifier = "all"

    def write(self, *evidence: str) -> None:
        text = ", ".join(f"{{ {each} }}" for each in evidence)
        (self.root / "claims.toml").write_text(
            f'[[claim]]\nid = "1"\ntext = "It is so."\nquantifier = "{self.quantifier}"\n'
            f"evidence = [{text}]\n",
            "utf-8",
        )

    def judge(self, *trials: Trial) -> claims.Judgement:
        (judgement,) = claims.judge(run_of(self.environments, *trials), self.root)
        return judgement


@pytest.fixture
def ledger(root: Path, environments: dict[str, Environment]) -> Ledger:
    return Ledger(root, environments)


# --- the verdict -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantifier", "outcomes", "verdict"),
    [
        ("all", "", "not run"),
        ("all", "ok ok", "holds"),
        ("all", "ok hang", "holds in part"),
        ("all", "hang hang", "refuted"),
        ("none", "", "not run"),
        ("none", "ok ok", "holds"),
        ("none", "ok hang", "refuted"),
        ("some", "", "not run"),
        ("some", "hang ok", "holds"),
        ("some", "hang hang", "refuted"),
        ("all", "undecided unsupported", "not run"),
        ("all", "ok undecided", "holds"),
    ],
)
def test_the_verdict_follows_from_the_quantifier_and_what_the_cells_say(
    ledger: Ledger, quantifier: str, outcomes: str, verdict: Verdict
) -> None:
    ledger.quantifier = quantifier
    ledger.write('experiments = ["lock"], supports = ["ok"]')
    methods: tuple[Method, ...] = ("fork", "spawn")
    trials = (trial(each, method=m) for each, m in zip(outcomes.split(), methods, strict=False))  # type: ignore[arg-type]
    assert ledger.judge(*trials).verdict == verdict


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("ok", "hang", "holds"),
        ("ok", "", "not run"),
        ("", "hang", "not run"),
        ("ok", "ok", "refuted"),
        ("hang", "", "refuted"),
    ],
)
def test_a_contrast_needs_both_of_its_sides(
    ledger: Ledger, old: str, new: str, verdict: Verdict
) -> None:
    ledger.quantifier = "contrast"
    ledger.write(
        """experiments = ["lock"], when = "python_full_version < '3.14'", supports = ["ok"]""",
        """experiments = ["lock"], when = "python_full_version >= '3.14'", supports = ["hang"]""",
    )
    trials = [
        trial(outcome, environment=name)  # type: ignore[arg-type]
        for outcome, name in ((old, "host-3.13"), (new, "host-3.14"))
        if outcome
    ]
    assert ledger.judge(*trials).verdict == verdict


def test_where_a_claim_does_not_hold_is_said(ledger: Ledger) -> None:
    ledger.write('experiments = ["lock", "pipe"], supports = ["ok"]')
    judgement = ledger.judge(
        trial("ok"),
        trial("hang", environment="host-3.14", method="forkserver"),
        trial("hang", environment="host-3.14", method="forkserver", experiment="pipe"),
    )
    assert judgement.words == (
        "holds in part: not in lock and pipe (hang under forkserver on host-3.14)"
    )
    assert [each.cell.method for each in judgement.supporting] == ["fork"]


def test_what_was_not_run_is_named(ledger: Ledger) -> None:
    ledger.write(
        'experiments = ["lock", "pipe"], method = ["spawn"], supports = ["ok"]',
        """experiments = ["lock"], when = "sys_platform == 'win32'", supports = ["ok"]""",
    )
    assert ledger.judge(trial(method="spawn")).lacking == (
        "pipe under spawn",
        "lock where sys_platform == 'win32'",
    )


# --- what a cell says --------------------------------------------------------------------------


def test_one_trial_of_several_is_enough_to_contradict(ledger: Ledger) -> None:
    ledger.write('experiments = ["lock"], supports = ["ok"]')
    judgement = ledger.judge(trial("ok"), trial("hang", number=1), trial("ok", number=2))
    assert judgement.verdict == "refuted"
    assert [each.exactly for each in judgement.contradicting] == ["hang in 1 of 3 trials"]


def test_one_trial_of_several_is_enough_to_show_what_can_be(ledger: Ledger) -> None:
    ledger.quantifier = "some"
    ledger.write('experiments = ["lock"], supports = ["hang"]')
    judgement = ledger.judge(trial("ok"), trial("hang", number=1))
    assert (judgement.verdict, judgement.supporting[0].seen) == ("holds", "hang")


def test_an_outcome_that_is_on_neither_side_says_nothing(ledger: Ledger) -> None:
    ledger.write('experiments = ["lock"], supports = ["hang"], contradicts = ["ok"]')
    assert ledger.judge(trial("crash")).verdict == "not run"


def test_an_ok_that_is_not_as_expected_says_nothing(ledger: Ledger) -> None:
    ledger.write('experiments = ["lock"], supports = ["ok"]')
    assert ledger.judge(trial("ok", as_expected=False)).verdict == "not run"


def test_an_outcome_that_is_not_as_expected_still_speaks(ledger: Ledger) -> None:
    ledger.write('experiments = ["lock"], supports = ["hang"]')
    assert ledger.judge(trial("hang", as_expected=False)).verdict == "holds"


def test_the_methods_that_were_used_speak(ledger: Ledger) -> None:
    ledger.write('experiments = ["lock"], method_used = ["fork"], supports = ["ok"]')
    used = ledger.judge(trial(method="default", method_used=("fork",)))
    assert (used.verdict, used.supporting[0].seen) == ("holds", "uses fork")
    other = ledger.judge(trial(method="default", method_used=("spawn",), as_expected=False))
    assert (other.verdict, other.contradicting[0].seen) == ("refuted", "uses spawn")
    assert ledger.judge(trial(method="default")).verdict == "not run"


def test_unlike_takes_only_cells_where_another_method_fails(ledger: Ledger) -> None:
    ledger.write('experiments = ["*"], tag = "hazard", unlike = "fork", supports = ["ok"]')
    judgement = ledger.judge(
        trial("hang"),
        trial("ok", method="spawn"),
        trial("error", method="forkserver"),
        trial("ok", environment="host-3.14"),
        trial("error", method="spawn", environment="host-3.14"),
    )
    assert [each.cell.method for each in judgement.supporting] == ["spawn"]
    assert [each.cell.method for each in judgement.contradicting] == ["forkserver"]


@pytest.mark.parametrize(
    ("fork", "spawn", "verdict"),
    [
        ((2.0, 2.1, 1.9), (40.0, 41.0, 39.0), "holds"),
        ((40.0, 41.0, 39.0), (2.0, 2.1, 1.9), "refuted"),
        ((2.0, 9.0, 1.0), (3.0, 2.0, 8.0), "not run"),  # inconclusive
        ((2.0,), (40.0,), "not run"),  # one process shows no interval
    ],
)
def test_a_measurement_speaks_where_its_interval_excludes_the_boundary(
    ledger: Ledger, fork: tuple[float, ...], spawn: tuple[float, ...], verdict: Verdict
) -> None:
    ledger.write('experiments = ["lock"], method = ["spawn"], measure = "start", to_fork = true')

    def measured(values: tuple[float, ...]) -> tuple[Measurement, ...]:
        return tuple(Measurement(name="start", unit="ms", values=(value,)) for value in values)

    judgement = ledger.judge(
        trial(measurements=measured(fork)), trial(method="spawn", measurements=measured(spawn))
    )
    assert judgement.verdict == verdict
    for each in judgement.supporting:
        assert re.fullmatch(r"start 20 times fork's \(1\d to 2\d\)", each.exactly)


def test_a_users_program_with_the_name_of_an_experiment_is_no_evidence(ledger: Ledger) -> None:
    ledger.write('experiments = ["lock"], supports = ["ok"]')
    program = Program(kind="script", name="lock", target="lock.py", root="/home")
    run = run_of(ledger.environments, trial())
    run = msgspec.structs.replace(run, header=msgspec.structs.replace(HEADER, program=program))
    (judgement,) = claims.judge(run, ledger.root)
    assert judgement.verdict == "not run"


# --- in words ----------------------------------------------------------------------------------


def witness(environment: str, method: Method = "fork", experiment: str = "lock") -> Witness:
    cell = Cell(experiment=experiment, environment=environment, method=method)
    return Witness(cell=cell, seen="hang", exactly="hang")


def test_everywhere_is_wherever_there_is_the_method(environments: dict[str, Environment]) -> None:
    found = [witness(name) for name in environments]
    found += [witness(name, "spawn") for name in environments if name != "host-2.7"]
    text = claims.describe(found, environments)
    assert text == "lock (hang under fork and spawn everywhere)"


def test_the_only_environment_is_not_everywhere(environments: dict[str, Environment]) -> None:
    only = {"host-3.13": environments["host-3.13"]}
    text = claims.describe([witness("host-3.13")], only)
    assert text == "lock (hang under fork on host-3.13)"


def test_experiments_of_which_the_same_is_said_are_named_together(
    environments: dict[str, Environment],
) -> None:
    found = [witness("host-3.13", experiment=f"lock{number}") for number in range(5)]
    assert claims.describe(found, environments, most=2) == (
        "lock0, lock1 and 3 more (hang under fork on host-3.13)"
    )


def test_environments_in_a_row_are_named_by_the_first_and_the_last() -> None:
    order = ["host-3.9", "host-3.10", "host-3.11", "host-3.12", "linux-3.11", "linux-3.12"]
    assert claims.places(order, order) == "host-3.9 to host-3.12, linux-3.11 and linux-3.12"
    assert claims.places(["host-3.9", "host-3.11", "host-3.12"], order) == (
        "host-3.9, host-3.11 and host-3.12"
    )
    assert claims.places(["gone"], order) == "gone"


# --- what is wrong: every error names the file, the key and what was expected -------------------


@pytest.mark.parametrize(
    ("evidence", "key", "expected"),
    [
        ('experiments = ["locks"], supports = ["ok"]', "experiments",
         "an experiment of the catalogue, or a glob of some, found 'locks'"),
        ('experiments = ["*"], tag = "gil", supports = ["ok"]', "experiments",
         "with the tag gil"),
        ("experiments = [], supports = ['ok']", "experiments", "at least one"),
        ('experiments = ["lock"]', "", "one of supports"),
        ('experiments = ["lock"], supports = ["fine"]', "supports",
         "expected one of crash, differs, error, hang, "),
        ('experiments = ["lock"], supports = ["ok"], contradicts = ["ok"]', "contradicts",
         "no outcome that supports, found 'ok'"),
        ('experiments = ["lock"], supports = ["ok"], when = "python >"', "when",
         "a PEP 508 marker"),
        ('experiments = ["lock"], measure = "stop"', "measure",
         "what lock measures, start, found 'stop'"),
        ('experiment = "lock"', "",
         "unknown key experiment; did you mean experiments? Keys: experiments, tag, "),
        ('experiments = ["lock"], method = ["thread"]', "method",
         "expected one of default, fork, forkserver, spawn, found 'thread'"),
        ('experiments = "lock", supports = ["ok"]', "experiments", 'a list: ["lock"]'),
        ("experiments = ['lock'], supports = ['ok'], when = \"sys_platform == 'Linux'\"",
         "when, sys_platform", "one of darwin, linux, win32"),
    ],
)  # fmt: skip
def test_an_error_names_file_key_and_what_was_expected(
    ledger: Ledger, evidence: str, key: str, expected: str
) -> None:
    ledger.write(evidence)
    with pytest.raises(CatalogueError) as raised:
        claims.load(ledger.root)
    message = str(raised.value)
    where = f"claim 1, the 1st evidence, {key}: " if key else "claim 1, the 1st evidence: "
    assert message.startswith(f"{ledger.root / 'claims.toml'}: {where}")
    assert expected in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[claim]", "claims.toml: not TOML: "),
        ("[[claims]]", "unknown key claims; did you mean claim? Keys: claim"),
        ("[[claim]]\ntext = 't'\nevidence = []", "the 1st [[claim]]: id is missing"),
        ('[[claim]]\nid = "1"\ntext = "t"\nevidence = []', "claim 1, evidence: "),
        (2 * '[[claim]]\nid = "1"\ntext = "t"\n'
         'evidence = [{experiments = ["lock"], supports = ["ok"]}]\n',
         "the 2nd [[claim]], id: expected "),
    ],
)  # fmt: skip
def test_a_malformed_ledger_is_refused(root: Path, text: str, expected: str) -> None:
    (root / "claims.toml").write_text(text, "utf-8")
    with pytest.raises(CatalogueError) as raised:
        claims.load(root)
    assert str(raised.value).startswith(f"{root / 'claims.toml'}: ")
    assert expected in str(raised.value)


def test_a_catalogue_without_claims_has_none(root: Path) -> None:
    assert claims.load(root) == ()


# --- what ships --------------------------------------------------------------------------------


def test_every_sentence_of_the_textbook_is_there() -> None:
    numbers = [
        int(match[0])
        for claim in claims.load()
        if claim.origin == "textbook" and (match := re.match(r"\d+", claim.id))
    ]
    assert sorted(set(numbers)) == list(range(1, 17))
    assert numbers == sorted(numbers)


def test_of_a_run_of_nothing_every_claim_is_not_run() -> None:
    judgements = claims.judge(run_of({}))
    assert {each.verdict for each in judgements} == {"not run"}
    assert all(each.lacking for each in judgements)


def shipped(*trials: Trial, environments: Mapping[str, Environment]) -> dict[str, str]:
    judgements = claims.judge(run_of(environments, *trials))
    return {each.claim.id: each.words for each in judgements}


def test_the_surprising_can_be_said(environments: dict[str, Environment]) -> None:
    def cells(experiment: str, outcome: Outcome, method: Method, *names: str) -> list[Trial]:
        return [
            trial(outcome, experiment=experiment, method=method, environment=f"host-{name}")
            for name in names
        ]

    said = shipped(
        *cells("lock_held_at_fork", "hang", "fork", "2.7", "3.13", "3.14"),
        *cells("logging_lock_at_fork:handler_lock", "hang", "fork", "2.7"),
        *cells("logging_lock_at_fork:handler_lock", "ok", "fork", "3.13", "3.14"),
        *cells("file_race_at_fork:log", "hang", "fork", "3.13", "3.14"),
        *cells("native_pool_after_fork", "ok", "forkserver", "3.13"),
        *cells("native_pool_after_fork", "hang", "forkserver", "3.14"),
        *cells("native_pool_after_fork", "crash", "spawn", "3.13"),
        environments=environments,
    )
    assert said["14"] == "holds"
    assert said["15a"] == "refuted"
    assert said["15b"].startswith("holds in part: not in logging_lock_at_fork:handler_lock")
    assert said["A"] == "holds"  # forkserver, where it imports the main module
    assert said["D"] == "holds"  # no crash under fork
    assert said["F"] == "holds"  # logging to a file
    assert said["6"] == said["16b"] == "not run"  # no Windows, no macOS


def test_what_is_seen_under_wine_decides_of_windows_and_is_told_as_what_it_is(
    environments: dict[str, Environment],
) -> None:
    names = ("wine-3.12", "wine-3.13")
    there = environments | {
        name: msgspec.structs.replace(
            environments["host-3.13"], name=name, python=python, sys_platform="win32",
            methods=("spawn",), wine="8.0",
        )
        for name, python in zip(names, ("3.12.10", "3.13.11"), strict=True)
    }  # fmt: skip
    found = [
        trial(experiment="default_start_method", method="default", method_used=("spawn",),
              environment=name)
        for name in names
    ]  # fmt: skip
    (judgement,) = [j for j in claims.judge(run_of(there, *found)) if j.claim.id == "6"]
    assert judgement.verdict == "holds"
    assert claims.describe(judgement.supporting, there) == (
        "default_start_method (uses spawn on Windows CPython 3.12.10 and 3.13.11 under Wine 8.0)"
    )


def test_a_crash_under_fork_would_be_told(environments: dict[str, Environment]) -> None:
    crash = trial("crash", experiment="native_pool_after_fork")
    assert shipped(crash, environments=environments)["D"] == "refuted"


@pytest.mark.targets
def test_a_large_run_is_judged_soon(environment: Environment) -> None:
    names = [each.name for each in catalogue.load()]
    environments = {
        f"host-3.{n}": msgspec.structs.replace(environment, name=f"host-3.{n}") for n in range(200)
    }
    trials = [
        trial("hang", experiment=name, environment=place, method=method)
        for name in names
        for place in environments
        for method in environment.methods
    ]
    began = time.process_time()
    claims.judge(run_of(environments, *trials))
    assert time.process_time() - began < 20 * len(trials) / 30_000


def test_a_claim_is_plain_data() -> None:
    claim = Claim(id="1", text="t", evidence=(Evidence(experiments=("lock",), supports=("ok",)),))
    assert msgspec.json.decode(msgspec.json.encode(claim), type=Claim) == claim
    assert set(get_args(Verdict)) == {"holds", "holds in part", "refuted", "not run"}
