"""What the measures against hostile programs cost a trial.

Two agents by turns, one of which does without them: it restores no limits, looks for no mounts,
asks no disk and trusts the injection. What counts is the median of the differences of the pairs.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from contextlib import ExitStack, closing

from startlab.backends.conversation import BOOT, Conversation
from startlab.backends.pipes import CONTENT, Pipes
from startlab.model import Request

WITHOUT = """
import agent.injection, agent.removal, agent.trial
agent.trial.restore = lambda: None
agent.trial._refuse_full = lambda folder: None
agent.removal._unmount_in = lambda folder: True
agent.injection.Injection.learn = lambda self, python: None
def trusting(self, ready=agent.injection.Injection.ready):
    return self._folder if self._stamps else ready(self)
agent.injection.Injection.ready = trusting
"""


def start(before: str) -> Conversation:
    """Start an agent that does something before it serves."""
    boot, serve = BOOT.split("from agent.main")
    code = f"{boot}\n{before}\nfrom agent.main{serve}"
    return Conversation(Pipes([sys.executable, "-I", "-c", code, str(CONTENT), ""]), str(CONTENT))


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=300)
    pairs = parser.parse_args().pairs
    request = Request(argv=(shutil.which("true") or "true",), method=None, timeout_s=60.0)
    with ExitStack() as stack:
        agents = [stack.enter_context(closing(start(before))) for before in ("", WITHOUT)]
        took: list[list[float]] = [[], []]
        for number in range(pairs):
            for which in (0, 1) if number % 2 else (1, 0):
                seen = agents[which].run(request)
                took[which].append(1000 * (seen.overhead_s or 0.0))
    with_, without = map(statistics.median, took)
    differences = [one - other for one, other in zip(*took, strict=True)]
    low, middle, high = statistics.quantiles(differences, n=4)
    print(
        f"a trial: {with_:.2f} ms with them, {without:.2f} ms without; the difference of a pair: "
        f"{middle:.2f} ms, half of them from {low:.2f} to {high:.2f}"
    )


if __name__ == "__main__":
    main()
