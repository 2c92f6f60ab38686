"""Run the campaign; exit with 1 if anything was wrong.

python -m tests.campaign [--part PART]... [--most N] [--seed N] [--jobs N] [--docker]
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.campaign import faults, inputs, kills, programs
from tests.campaign.ground import Ground, Score, go_apart, is_apart

OUTSIDE = ("containers", "engines")
"""Parts that stay outside: the engine is asked about processes by the ids that they have there."""

PARTS = {
    "programs": programs.cases,
    "inputs": inputs.cases,
    "kills": kills.cases,
    "faults": faults.cases,
    "containers": programs.in_containers,
    "engines": faults.of_engines,
}


def main() -> int:
    """Try everything that is asked for, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS, help="default: all")
    parser.add_argument("--most", type=int, help="so many cases of each part, chosen by the seed")
    parser.add_argument("--only", help="the cases with this in their name")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--jobs", type=int, default=4)
    said = parser.parse_args()
    parts = list(dict.fromkeys(said.part or PARTS))
    if not is_apart():
        inside = [each for each in parts if each not in OUTSIDE]
        status = go_apart([*sys.argv[1:], *(f"--part={each}" for each in inside)]) if inside else 0
        if status is None:
            print("No namespaces of its own: what needs them is left out.")
        else:
            return max(status, campaign([each for each in parts if each in OUTSIDE], said))
    return campaign([each for each in parts if each not in OUTSIDE or not is_apart()], said)


def campaign(parts: list[str], said: argparse.Namespace) -> int:
    """Try some parts; return whether anything was wrong."""
    if not parts:
        return 0
    seed = random.randrange(1 << 16) if said.seed is None else said.seed  # noqa: S311 - no secret
    chance = random.Random(seed)  # noqa: S311
    print(f"seed {seed}", flush=True)
    wrong = 0
    for part in parts:
        ground, began = Ground(), time.monotonic()
        score = Score(part)
        cases = list(PARTS[part](ground, chance).items())
        if said.only:
            cases = [(name, case) for name, case in cases if said.only in name]
        if said.most is not None and len(cases) > said.most:
            cases = chance.sample(cases, said.most)
        with ThreadPoolExecutor(said.jobs) as pool:
            for name, case in cases:
                pool.submit(score.guarded, name, case)
        if part == "kills":
            ground.clean()  # what SIGKILL leaves
        left = ground.left()
        score.problems += [f"left: {each}" for each in left]
        wrong += len(score.problems)
        print(
            f"{part}: {score.tried} tried, {len(score.problems)} problems, {len(left)} things "
            f"left, {time.monotonic() - began:.0f} s; the slowest: {score.slowest()}",
            flush=True,
        )
        for each in left:
            print(f"  ! left: {each}")
        shutil.rmtree(ground.folder, ignore_errors=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
