"""Experiments × environments × methods."""

from __future__ import annotations

import random

import pytest

from startlab.errors import SelectionError
from startlab.model import Cell, Expectation, Experiment
from startlab.plan import cells


def experiment(name: str, **said: object) -> Experiment:
    return Experiment(
        name=name,
        group="locks",
        title="",
        claim="",
        mechanism="",
        source=("here",),
        program=f"{name}/program.py",
        expect=(Expectation(outcome=("ok",)),),
        **said,  # type: ignore[arg-type]
    )


def test_a_name_is_one_experiment_and_a_glob_its_variants_too() -> None:
    every = [experiment("lock"), experiment("lock:cure"), experiment("other")]
    assert [e.name for e in cells.choose(every, ["lock"])] == ["lock"]
    assert [e.name for e in cells.choose(every, ["lock*"])] == ["lock", "lock:cure"]
    assert len(cells.choose(every, [])) == 3


def test_a_selector_that_matches_nothing_lists_what_there_is() -> None:
    with pytest.raises(SelectionError, match=r"--experiment luck matches no.*There are: lock\."):
        cells.choose([experiment("lock")], ["luck"])


def test_cells_are_in_the_order_of_experiments_and_methods() -> None:
    every = [experiment("b"), experiment("a", methods=("default",))]
    assert cells.plan_cells(every, "host-3.13") == (
        Cell(experiment="b", environment="host-3.13", method="fork"),
        Cell(experiment="b", environment="host-3.13", method="forkserver"),
        Cell(experiment="b", environment="host-3.13", method="spawn"),
        Cell(experiment="a", environment="host-3.13", method="default"),
    )
    assert cells.plan_cells(every, "e", ["spawn"]) == (
        Cell(experiment="b", environment="e", method="spawn"),
    )


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_shards_are_disjoint_complete_and_even(of: int) -> None:
    every = cells.plan_cells([experiment(f"e{n}") for n in range(5)], "host-3.13")
    shards = cells.shards(every, of)
    assert sorted(cell for shard in shards for cell in shard) == sorted(every)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    assert shards == cells.shards(every[::-1], of)


def test_shards_take_equally_long_and_keep_environments_together() -> None:
    slow, fast = experiment("slow"), experiment("fast")
    durations = {"slow": 3.0, "fast": 1.0}
    every = [cell for name in ("a", "b") for cell in cells.plan_cells([slow, fast], name, ["fork"])]
    assert cells.shards(every, 2, durations) == [tuple(every[1::-1]), tuple(every[:1:-1])]
    assert [len(shard) for shard in cells.shards(every, 8, durations)] == [1, 0, 1, 0, 1, 0, 1, 0]


@pytest.mark.targets
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("of", [1, 7, 100, 256])
def test_no_shard_is_longer_than_the_mean_by_more_than_one_cell(seed: int, of: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - for durations
    durations = {f"e{n}": chance.uniform(0.01, 2) for n in range(1500)}
    every = cells.plan_cells(
        [experiment(name, methods=("fork",)) for name in durations], "host-3.13"
    )
    shards = cells.shards(every, of, durations)
    sums = [sum(cells.duration(cell, durations) for cell in shard) for shard in shards]
    assert max(sums) <= sum(sums) / of + 2
    assert sum(map(len, shards)) == len(every)
