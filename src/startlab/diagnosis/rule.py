"""What a rule finds, and how rules are asked: one after another, each so that it can fail alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from startlab.diagnosis.case import Case, Cause
from startlab.output.tracebacks import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from startlab.diagnosis.case import Situation
    from startlab.model import StartMethod

Rule = Callable[[Case], Cause | None]
"""Looks at one trial and gives the cause that it sees, or None.

In its file a rule is called `find`; `in_output` where it explains an output that is another than
that of other trials; `of_test` where it explains a suite's test; `suspect` where it has weaker
evidence, and is asked later; and `note` where it sees what does no harm here and now.
"""


class Mechanism(NamedTuple):
    """Why something goes wrong: its name, what to do, and the experiment that shows it.

    `explains` is False where only what was seen is told: nothing is held against a start method
    then. `answer` are the parts of the last line, each with shorter ones to take, where that is so,
    or where it is the same under every start method. It `depends_on` the start method, or is a
    matter of the platform or the Python alone. A `race` may show in any cell, whichever it has
    shown in. What is `shown` was seen directly: an exception's own words, or who waits for whom.
    `imported` is what only children have that import the main module, which forks do not; `copied`
    what only forks have. A `symptom` says what happened, whatever led to it. With `cannot_run` the
    program has not come to its start methods where this is so under all of them. With `loses` data
    is lost though all seems well. With `lacks_call` it tells what the parent has called and
    children have not. It may speak `against` a start method that is safe. What is `of_object` is
    one cause in all tests that hand the same over, at whichever line.
    """

    name: str
    advice: str = ""
    experiment: str | None = None
    explains: bool = True
    depends_on: Literal["method", "platform", "python"] = "method"
    race: bool = False
    shown: bool = False
    imported: bool = False
    copied: bool = False
    symptom: bool = False
    cannot_run: bool = False
    loses: bool = False
    lacks_call: bool = False
    of_object: bool = False
    answer: tuple[tuple[str, ...], ...] = ()
    against: StartMethod | None = None


class Rules:
    """The rules in their order. One that raises is a caveat, and the next one is asked."""

    def __init__(self, order: Mapping[Situation, Sequence[Rule]]) -> None:
        self._order = order
        self._caveats: dict[str, str] = {}

    @property
    def caveats(self) -> tuple[str, ...]:
        """The rules that have failed, in sentences."""
        return tuple(self._caveats.values())

    def first(self, situation: Situation, case: Case) -> Cause | None:
        """Give the cause that the first rule sees that sees one."""
        return next((cause for _, cause in self._asked(situation, case)), None)

    def ranked(self, situation: Situation, case: Case) -> tuple[int, Cause] | None:
        """Give the first cause with the place of its rule: the lower, the stronger."""
        return next(self._asked(situation, case), None)

    def every(self, situation: Situation, case: Case) -> list[Cause]:
        """Give the causes of all rules that see one."""
        return [cause for _, cause in self._asked(situation, case)]

    def _asked(self, situation: Situation, case: Case) -> Iterator[tuple[int, Cause]]:
        for place, rule in enumerate(self._order[situation]):
            try:
                cause = rule(case)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other rules go on
                name = rule.__module__.rpartition(".")[2]
                said = f"{type(error).__name__}: {first_line(str(error))}".rstrip(": ")
                self._caveats.setdefault(
                    name,
                    f"The rule {name} failed ({said}): what it would have found is missing here. "
                    "This is a bug in startlab; please report it.",
                )
                continue
            if cause is not None:
                yield place, cause


BEFORE_FORK: Final = (
    "Start the processes before the threads, or create what has threads in each child; where it is "
    "created on first use, do so per os.getpid()."
)
"""What to do about all that a fork leaves behind."""

USE_LATER: Final = (
    "Use the library first in the children, or start the processes before the program uses it."
)
"""What to do about a library that does not work in a fork once its parent has used it."""
