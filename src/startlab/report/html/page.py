"""What the page tells as HTML, with or without JavaScript."""

from __future__ import annotations

import math
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.catalogue import claims
from startlab.model import METHODS
from startlab.plan.environments import sort_key
from startlab.report import finding, text
from startlab.report.html.data import alike
from startlab.results.summary import CellSummary, of_program
from startlab.results.trials import by_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from startlab.catalogue.claims import Judgement, Witness
    from startlab.diagnosis import Diagnosis
    from startlab.model import Cell, Finding, PlannedEnvironment, Run
    from startlab.report.html.subjects import Subject
    from startlab.results.trials import OfCell


MOST_DEVIATIONS: Final = 100
MOST_CELLS: Final = 12
MOST_EXPERIMENTS: Final = 6


CLAIM_GLYPHS: Final = {"holds": "✓", "holds in part": "◐", "refuted": "✗", "not run": "∅"}
ORIGINS: Final = {"textbook": "What the textbook says", "startlab": "What it does not say"}
NOT_RUN: Final = ("unavailable", "missing")


# --- the page ----------------------------------------------------------------------------------


class Deviation(NamedTuple):
    """One reason why cells are not as expected, and which."""

    outcome: str
    glyph: str
    word: str
    reason: str
    cells: tuple[Cell, ...]
    more: int
    reproduce: str


class Verdict(NamedTuple):
    """A claim, what the run says of it, and where."""

    judgement: Judgement
    glyph: str
    supporting: str
    contradicting: str
    experiments: tuple[str, ...]


class Page:
    """What template.html.jinja shows of a run."""

    def __init__(
        self,
        run: Run,
        diagnosis: Diagnosis,
        cells: Sequence[CellSummary],
        of: Sequence[Subject],
    ) -> None:
        self.run = run
        self.findings = diagnosis.findings
        self.answer = diagnosis.answer
        self.beyond = diagnosis.beyond
        self.caveats = (*run.caveats, *diagnosis.caveats)
        self.header = run.header
        self.cells = cells
        self.subjects = of
        self.glyphs = text.GLYPHS
        self.origins = ORIGINS

    @cached_property
    def headline(self) -> str:
        """What the run comes to, in one sentence."""
        if not self.cells:
            return "No cells were planned"
        if self.header.program is not None:
            return f"{self._count(len(self.cells), 'cell')}: {of_program(self.cells)}"
        if not self.deviating:
            return f"All {self._count(len(self.cells), 'cell')} as expected"
        said = f"{self.deviating:,} of {self._count(len(self.cells), 'cell')} not as expected"
        missing = sum(each.outcome == "missing" for each in self.cells)
        return said + (f", {missing:,} of them missing" if missing else "")

    @cached_property
    def _trials(self) -> dict[Cell, OfCell]:
        return dict(by_cell(self.run))

    def reproduce(self, of: Finding) -> str:
        """Give the command that runs a cell of a finding again."""
        return finding.reproduce(self._trials, of)

    @cached_property
    def deviating(self) -> int:
        """How many cells are not as expected."""
        return sum(not each.as_expected for each in self.cells)

    @cached_property
    def outcomes(self) -> tuple[tuple[str, str, int], ...]:
        """The outcomes that there are: glyph, word and how often."""
        counts = dict.fromkeys(self.glyphs, 0)
        for each in self.cells:
            counts[each.outcome] += 1
        return tuple((self.glyphs[name], name, count) for name, count in counts.items() if count)

    @cached_property
    def duration(self) -> str:
        """How long the run took."""
        seconds = sum(end.duration_s for end in self.run.ends)
        if seconds < 100:
            return f"{seconds:.1f} s"
        minutes, seconds = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"

    @cached_property
    def begun(self) -> str:
        """When the run was begun, as its machine told the time."""
        try:
            moment = datetime.fromisoformat(self.header.started)
        except ValueError:
            return self.header.started
        return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname() or ''}".strip()

    @cached_property
    def loads(self) -> str:
        """The load of the machine in the course of the run."""
        low, high = math.inf, 0.0
        for trial in self.run.trials:
            if trial.load:
                low, high = min(low, trial.load), max(high, trial.load)
        span = f"{low:.1f}" if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f} to {high:.1f}"
        return f"{span} per core" if high else ""

    @cached_property
    def environments(self) -> tuple[PlannedEnvironment, ...]:
        """The environments, by family and version."""
        return tuple(sorted(self.run.environments, key=lambda each: sort_key(each.name)))

    @cached_property
    def all_deviations(self) -> list[list[CellSummary]]:
        """The cells that are not as expected, those with one reason together."""
        groups: dict[tuple[str, str], list[CellSummary]] = {}
        for each in self.cells:
            if not each.as_expected:
                groups.setdefault((each.outcome, alike(each)), []).append(each)
        return sorted(groups.values(), key=lambda group: group[0].outcome in NOT_RUN)

    @cached_property
    def deviations(self) -> tuple[Deviation, ...]:
        """The reasons why cells are not as expected, the first of them."""
        return tuple(map(self._deviation, self.all_deviations[:MOST_DEVIATIONS]))

    def _deviation(self, group: Sequence[CellSummary]) -> Deviation:
        first = group[0]
        return Deviation(
            outcome=first.outcome,
            glyph=self.glyphs[first.outcome],
            word=first.word,
            reason=alike(first),
            cells=tuple(each.cell for each in group[:MOST_CELLS]),
            more=max(0, len(group) - MOST_CELLS),
            reproduce=first.first.reproduce if first.first else "",
        )

    @cached_property
    def verdicts(self) -> dict[str, list[Verdict]]:
        """What the run says of the claims, by their origin."""
        found: dict[str, list[Verdict]] = {}
        for judgement in claims.judged(self.run):
            found.setdefault(judgement.claim.origin, []).append(self._verdict(judgement))
        return found

    def _verdict(self, judgement: Judgement) -> Verdict:
        witnesses = (*judgement.contradicting, *judgement.supporting)
        return Verdict(
            judgement=judgement,
            glyph=CLAIM_GLYPHS[judgement.verdict],
            supporting=self._described(judgement.supporting),
            contradicting=self._described(judgement.contradicting),
            experiments=tuple(dict.fromkeys(each.cell.experiment for each in witnesses)),
        )

    def _described(self, witnesses: Sequence[Witness]) -> str:
        there = {each.name: each.environment for each in self.run.environments if each.environment}
        return claims.describe(witnesses, there, MOST_EXPERIMENTS)

    @cached_property
    def verdict_counts(self) -> str:
        """How many claims have which verdict."""
        counts = dict.fromkeys(CLAIM_GLYPHS, 0)
        for verdicts in self.verdicts.values():
            for each in verdicts:
                counts[each.judgement.verdict] += 1
        return ", ".join(f"{verdict}: {count}" for verdict, count in counts.items() if count)

    @cached_property
    def groups(self) -> dict[str, list[Subject]]:
        """The experiments, by what goes wrong; variants follow what they are of."""
        found: dict[str, list[Subject]] = {}
        for each in self.subjects:
            found.setdefault(each.heading, []).append(each)
        return found

    @cached_property
    def by_method(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The outcomes of an experiment under a method, each once."""
        found: dict[tuple[str, str], dict[str, None]] = {}
        for each in self.cells:
            key = (each.cell.experiment, each.cell.method)
            found.setdefault(key, {})[each.outcome] = None
        return {key: tuple(outcomes) for key, outcomes in found.items()}

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """The methods that cells have."""
        there = {each.cell.method for each in self.cells}
        return tuple(method for method in METHODS if method in there)

    @staticmethod
    def _count(number: int, what: str) -> str:
        return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
