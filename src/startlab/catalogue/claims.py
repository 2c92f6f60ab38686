"""The textbook's sentences, and what the cells of a run say about each.

`catalogue/claims.toml` has the sentences and which cells are evidence for them.
"""

from __future__ import annotations

import fnmatch
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec
from packaging.markers import Marker

from startlab import catalogue
from startlab.catalogue import mistakes
from startlab.errors import CatalogueError
from startlab.model import METHODS, Cell, Method, Outcome, StartMethod
from startlab.plan.environments import IMPLEMENTATIONS, marker_environment, sort_key
from startlab.results import measurements
from startlab.results.trials import by_cell

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from startlab.model import Environment, Experiment, Run
    from startlab.results.measurements import Level

NAME: Final = "claims.toml"
LONGEST_ROW: Final = 2
"""How many consecutive environments are all named; of more, the first and the last."""

SPEAKING: Final[tuple[Outcome, ...]] = ("ok", "hang", "crash", "error", "wrong")
"""The outcomes of trials that ran to an end; others are not evidence."""

Verdict = Literal["holds", "holds in part", "refuted", "not run"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which cells support or contradict a claim, and how.

    `experiments` are names or globs, of which only those with `tag` count; `method` and `when`, a
    PEP 508 marker, say which cells. `unlike` takes only cells whose experiment did not end ok
    under that method in the same environment.

    The outcome of a cell decides: those in `supports` support the claim, those in `contradicts`, by
    default all others, contradict it. With `method_used`, a cell also contradicts the claim if the
    program was seen to use other methods. With `measure`, it depends on whether the 95 % interval
    of that quantity, or with `to_fork` of its ratio to fork's, is above or below `above`.
    """

    experiments: tuple[str, ...]
    tag: str | None = None
    method: tuple[Method, ...] | None = None
    when: str | None = None
    unlike: Method | None = None
    supports: tuple[Outcome, ...] = ()
    contradicts: tuple[Outcome, ...] | None = None
    method_used: tuple[StartMethod, ...] | None = None
    measure: str | None = None
    to_fork: bool = False
    above: float = 1.0

    @property
    def against(self) -> tuple[Outcome, ...]:
        """The outcomes that contradict."""
        if self.contradicts is not None:
            return self.contradicts
        return tuple(outcome for outcome in SPEAKING if outcome not in self.supports)


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sentence, and the evidence for and against it.

    `origin` says whose it is. `quantifier` is what the sentence says about the cells: it holds for
    `all`; for `none` it fails, so that one refutes it; for `some` it holds, so that one is enough;
    or there is a `contrast`, where each piece of evidence is one side.
    """

    id: str
    text: str
    evidence: tuple[Evidence, ...]
    origin: Literal["textbook", "startlab"] = "textbook"
    quantifier: Literal["all", "none", "some", "contrast"] = "all"
    note: str = ""


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that is evidence for or against a claim: what was seen in it, in short and in full.

    `value` is the number, if something was measured; `seen` has `{}` in its place.
    """

    cell: Cell
    seen: str
    exactly: str
    value: float | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a run says about a claim.

    `where_not` says in which cells the claim does not hold, if there are any. `lacking` names the
    evidence for which the run has no usable cell.
    """

    claim: Claim
    verdict: Verdict
    where_not: str = ""
    supporting: tuple[Witness, ...] = ()
    contradicting: tuple[Witness, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The verdict, and where it does not hold: `holds in part: not in …`."""
        if self.verdict == "holds in part":
            return f"holds in part: not in {self.where_not}"
        return self.verdict


# --- reading -----------------------------------------------------------------------------------


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A `claims.toml`."""

    claim: tuple[Claim, ...]


def load(root: Path = catalogue.ROOT) -> tuple[Claim, ...]:
    """Read the claims of a catalogue, in their order.

    Raises CatalogueError, naming the file, the key and what was expected.
    """
    file = root / NAME
    try:
        claims = mistakes.read(file, _File).claim
    except FileNotFoundError:
        return ()
    experiments = catalogue.load(root)
    seen: set[str] = set()
    for number, claim in enumerate(claims):
        entry = mistakes.entry("claim", number)
        catalogue.check(claim.id not in seen, file, f"{entry}, id", "one of its own", claim.id)
        seen.add(claim.id)
        key = f"claim {claim.id}"
        catalogue.check(claim.evidence, file, f"{key}, evidence", "at least one entry", "none")
        for each, evidence in enumerate(claim.evidence, 1):
            part = f"{key}, the {mistakes.ordinal(each)} evidence"
            _validate(evidence, file, part, experiments)
    return claims


def _validate(evidence: Evidence, file: Path, key: str, experiments: Sequence[Experiment]) -> None:
    check = catalogue.check
    check(evidence.experiments, file, f"{key}, experiments", "at least one", "none")
    for name in evidence.experiments:
        tagged = f" with the tag {evidence.tag}" if evidence.tag else ""
        expected = f"an experiment of the catalogue{tagged}, or a glob of some"
        there = any(_chosen(name, evidence.tag, experiments))
        check(there, file, f"{key}, experiments", expected, name)
        if evidence.measure is not None:
            chosen = _chosen(name, evidence.tag, experiments)
            measured = {measure.name for each in chosen for measure in each.measure}
            expected = f"what {name} measures, {' or '.join(sorted(measured)) or 'nothing'}"
            check(evidence.measure in measured, file, f"{key}, measure", expected, evidence.measure)
    if evidence.when is not None:
        catalogue.check_marker(evidence.when, file, f"{key}, when")
    says = (evidence.supports, evidence.contradicts, evidence.method_used, evidence.measure)
    expected = "one of supports, contradicts, method_used, measure"
    check(any(each is not None and each != () for each in says), file, key, expected, "none")
    both = [outcome for outcome in evidence.supports if outcome in evidence.against]
    check(not both, file, f"{key}, contradicts", "no outcome that supports", ", ".join(both))


def _chosen(name: str, tag: str | None, experiments: Iterable[Experiment]) -> Iterator[Experiment]:
    for each in experiments:
        if fnmatch.fnmatchcase(each.name, name) and (tag is None or tag in each.tags):
            yield each


# --- judging -----------------------------------------------------------------------------------


def judged(run: Run) -> tuple[Judgement, ...]:
    """Judge the claims, if the run is of the catalogue that comes with startlab."""
    if run.header.program is not None or run.header.catalogue != catalogue.digest():
        return ()
    try:
        return judge(run)
    except CatalogueError:
        return ()  # the user's own catalogue, without the experiments of the claims


def judge(run: Run, root: Path = catalogue.ROOT) -> tuple[Judgement, ...]:
    """Judge every claim of a catalogue by the cells of a run. Raises CatalogueError."""
    cells = _Cells(run, catalogue.load(root))
    return tuple(_judgement(claim, cells) for claim in load(root))


class _Said(NamedTuple):
    """What trials with the same evidence have in common."""

    outcome: Outcome
    as_expected: bool
    method_used: tuple[StartMethod, ...]


class _Cells:
    """The cells of a run, as evidence asks for them."""

    def __init__(self, run: Run, experiments: Sequence[Experiment]) -> None:
        self.experiments = experiments
        self.environments = {
            each.name: each.environment for each in run.environments if each.environment
        }
        self._said: dict[str, dict[Cell, Counter[_Said]]] = defaultdict(dict)
        self._levels: dict[tuple[Cell, str], Level] = {}
        self._markers: dict[tuple[str, str], bool] = {}
        if run.header.program is not None:
            return  # a user's program may be named like an experiment
        alike: dict[tuple[tuple[_Said, int], ...], Counter[_Said]] = {}  # as most cells are
        for cell, trials in by_cell(run):
            said = Counter(
                _Said(trial.outcome, trial.as_expected, trial.method_used)
                for trial in trials
                if trial.outcome in SPEAKING
            )
            if said:
                self._said[cell.experiment][cell] = alike.setdefault(tuple(said.items()), said)
        for name, cells in self._said.items():
            order = sorted(cells, key=lambda cell: sort_key(cell.environment))
            self._said[name] = {cell: cells[cell] for cell in order}
        for level in measurements.levels(run):
            cell = Cell(
                experiment=level.experiment, environment=level.environment, method=level.method
            )
            self._levels[cell, level.name] = level

    def of(self, evidence: Evidence, name: str) -> Iterator[tuple[Cell, Counter[_Said]]]:
        """Yield the cells of experiments of a name that are evidence and were run."""
        for experiment in _chosen(name, evidence.tag, self.experiments):
            for cell, said in self._said.get(experiment.name, {}).items():
                if (
                    (evidence.method is None or cell.method in evidence.method)
                    and self._is_where(evidence.when, cell.environment)
                    and (evidence.unlike is None or self._fails_under(evidence.unlike, cell))
                ):
                    yield cell, said

    def level(self, cell: Cell, measure: str) -> Level | None:
        """Return what was measured in a cell."""
        return self._levels.get((cell, measure))

    def _is_where(self, when: str | None, name: str) -> bool:
        if when is None:
            return True
        environment: Environment | None = self.environments.get(name)
        if environment is None:
            return False
        if (when, name) not in self._markers:
            holds = Marker(when).evaluate(marker_environment(environment))
            self._markers[when, name] = holds
        return self._markers[when, name]

    def _fails_under(self, method: Method, cell: Cell) -> bool:
        other = msgspec.structs.replace(cell, method=method)
        said = self._said[cell.experiment].get(other, ())
        return cell.method != method and any(each.outcome != "ok" for each in said)


def _judgement(claim: Claim, cells: _Cells) -> Judgement:
    supporting: dict[Witness, None] = {}
    contradicting: dict[Witness, None] = {}
    lacking: list[str] = []
    sides: list[bool] = []  # of the evidence that was run, whether any of it supports
    for evidence in claim.evidence:
        pros: list[Witness] = []
        cons: list[Witness] = []
        for name in evidence.experiments:
            found = [*_witnesses(evidence, name, claim, cells)]
            pros += [witness for witness, supports in found if supports]
            cons += [witness for witness, supports in found if not supports]
            if not found:
                lacking.append(_named(evidence, name))
        supporting |= dict.fromkeys(pros)
        contradicting |= dict.fromkeys(cons)
        if pros or cons:
            sides.append(bool(pros))
    verdict = _verdict(claim, bool(supporting), bool(contradicting), sides)
    against = tuple(contradicting)
    return Judgement(
        claim=claim,
        verdict=verdict,
        where_not="" if verdict == "holds" else describe(against, cells.environments),
        supporting=tuple(supporting),
        contradicting=against,
        lacking=tuple(lacking),
    )


def _verdict(
    claim: Claim,
    supported: bool,  # noqa: FBT001 - a truth table
    contradicted: bool,  # noqa: FBT001 - likewise
    sides: Sequence[bool],
) -> Verdict:
    contrast = claim.quantifier == "contrast"
    one_sided = contrast and all(sides) and len(sides) < len(claim.evidence)
    if one_sided or not (supported or contradicted):
        return "not run"
    if not contradicted or (claim.quantifier == "some" and supported):
        return "holds"
    in_part = all(sides) if contrast else claim.quantifier == "all" and supported
    return "holds in part" if in_part else "refuted"


def _witnesses(
    evidence: Evidence, name: str, claim: Claim, cells: _Cells
) -> Iterator[tuple[Witness, bool]]:
    """Return the cells of a piece of evidence, each with whether it supports the claim."""
    for cell, said in cells.of(evidence, name):
        if evidence.measure is None:
            # Of several trials one is enough: to show a possibility, or to contradict.
            found = _by_trials(evidence, cell, said, decisive=claim.quantifier == "some")
        else:
            found = _by_measure(evidence, cells.level(cell, evidence.measure))
        if found is not None:
            yield found


def _by_trials(
    evidence: Evidence, cell: Cell, said: Counter[_Said], *, decisive: bool
) -> tuple[Witness, bool] | None:
    of = said.total()
    for supports in (decisive, not decisive):
        so = [each for each in said if _says(evidence, each) is supports]
        if so:
            seen = _seen(evidence, cell, so[0])
            share = f" in {sum(said[each] for each in so)} of {of} trials" if of > 1 else ""
            return Witness(cell=cell, seen=seen, exactly=seen + share), supports
    return None


def _says(evidence: Evidence, trial: _Said) -> bool | None:
    """Return what a trial says: True for the claim, False against it, None nothing.

    An ok that is not as expected says nothing: the output, or the start method, was not the one
    that the catalogue expects.
    """
    if trial.outcome == "ok" and not trial.as_expected and evidence.method_used is None:
        return None
    if evidence.method_used is not None:
        if not trial.method_used:
            return None
        if set(trial.method_used) != set(evidence.method_used):
            return False
        if not evidence.supports:
            return True
    if trial.outcome in evidence.supports:
        return True
    return False if trial.outcome in evidence.against else None


def _seen(evidence: Evidence, cell: Cell, trial: _Said) -> str:
    if evidence.method_used is None or trial.outcome not in evidence.supports:
        return trial.outcome
    if trial.method_used == (cell.method,):
        return "uses the method it was asked for"
    return f"uses {' and '.join(trial.method_used)}"


def _by_measure(evidence: Evidence, level: Level | None) -> tuple[Witness, bool] | None:
    if level is None:
        return None
    value, interval = level.middle, level.interval
    if evidence.to_fork:
        value, interval = level.ratio or 0.0, level.ratio_interval
    if interval is None:
        return None
    low, high = interval
    if low <= evidence.above <= high:
        return None
    cell = Cell(experiment=level.experiment, environment=level.environment, method=level.method)
    unit = "times fork's" if evidence.to_fork else level.unit
    return Witness(
        cell=cell,
        seen=f"{level.name} {{}} {unit}",
        exactly=f"{level.name} {_number(value)} {unit} ({_number(low)} to {_number(high)})",
        value=value,
    ), low > evidence.above


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _named(evidence: Evidence, name: str) -> str:
    """Describe a piece of evidence, to show what would have to be run."""
    parts = [name]
    if evidence.tag is not None:
        parts.append(f"tagged {evidence.tag}")
    if evidence.method is not None:
        parts.append(f"under {' or '.join(evidence.method)}")
    if evidence.when is not None:
        parts.append(f"where {evidence.when}")
    return " ".join(parts)


# --- describing --------------------------------------------------------------------------------


def describe(
    witnesses: Collection[Witness],
    environments: Mapping[str, Environment],
    most: int | None = None,
) -> str:
    """Describe in one line what was seen where: `lock_held_at_fork (hang under fork everywhere)`.

    `environments` are those of the run; everywhere means in all of them that have the methods.
    Experiments with the same result are named together, at most `most` of them.
    """
    by_seen: dict[tuple[str, str], dict[Method, list[Witness]]] = {}
    for each in witnesses:
        methods = by_seen.setdefault((each.cell.experiment, each.seen), {})
        methods.setdefault(each.cell.method, []).append(each)
    groups: dict[tuple[str, str], tuple[list[str], list[float]]] = {}
    for (experiment, seen), methods in by_seen.items():
        names, values = groups.setdefault((seen, _where(methods, environments)), ([], []))
        names.append(experiment)
        values += [each.value for of in methods.values() for each in of if each.value is not None]
    parts = []
    for (seen, where), (names, values) in groups.items():
        what = seen.format(_between(values)) if values else seen
        parts.append(f"{_and(names, most)} ({what} {where})")
    return "; ".join(parts)


def _where(
    methods: Mapping[Method, Sequence[Witness]], environments: Mapping[str, Environment]
) -> str:
    alike: dict[str, list[Method]] = {}
    for method in sorted(methods, key=METHODS.index):
        names = {each.cell.environment for each in methods[method]}
        able = [
            name
            for name, each in environments.items()
            if method == "default" or method in each.methods
        ]
        everywhere = len(able) > 1 and names.issuperset(able)
        where = "everywhere" if everywhere else f"on {named(names, able, environments)}"
        alike.setdefault(where, []).append(method)
    return " and ".join(
        where if of == ["default"] else f"under {_and(of)} {where}" for where, of in alike.items()
    )


def named(
    names: Collection[str], among: Collection[str], environments: Mapping[str, Environment]
) -> str:
    """Name environments, those under Wine by what they are: nothing is said of Windows itself."""
    under_wine: dict[tuple[str, str], list[str]] = {}
    others = []
    for name in sorted(names, key=sort_key):
        there = environments.get(name)
        if there is not None and there.wine:
            python = IMPLEMENTATIONS.get(there.implementation, there.implementation)
            under_wine.setdefault((python, there.wine), []).append(there.python)
        else:
            others.append(name)
    told = [places(others, sorted(among, key=sort_key))] if others else []
    told += [
        f"Windows {python} {_and(versions)} under Wine {wine}"
        for (python, wine), versions in under_wine.items()
    ]
    return _and(told)


def places(names: Collection[str], order: Sequence[str]) -> str:
    """Name environments, consecutive ones as a range: `host-2.7 to host-3.13`."""
    rows: list[list[str]] = []
    previous = ""
    for name in order:
        if name in names:
            if rows and rows[-1][-1] == previous and sort_key(previous)[:2] == sort_key(name)[:2]:
                rows[-1].append(name)
            else:
                rows.append([name])
        previous = name
    rows += [[name] for name in sorted(names, key=sort_key) if name not in order]
    words = []
    for row in rows:
        words += [f"{row[0]} to {row[-1]}"] if len(row) > LONGEST_ROW else row
    return _and(words)


def _and(words: Sequence[str], most: int | None = None) -> str:
    if most is not None and len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _between(numbers: Sequence[float]) -> str:
    low, high = _number(min(numbers)), _number(max(numbers))
    return low if low == high else f"{low} to {high}"
