"""Which threads can never run again, by who waits for whom."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("the prover is of Linux alone", allow_module_level=True)

from startlab.agent.proof.fixpoint import dead

A, B, C = (1, 1), (2, 2), (3, 3)
BESIDE_B = (2, 20)


@pytest.mark.parametrize(
    ("waiting", "threads", "expected"),
    [
        pytest.param({A: {2}, B: {1}}, [A, B], {A, B}, id="two wait for one another"),
        pytest.param({A: {2}}, [A, B], set(), id="whom one waits for lives"),
        pytest.param({A: {1}}, [A], {A}, id="one waits for itself"),
        pytest.param(
            {A: {2}, B: {2}}, [A, B, BESIDE_B], set(), id="another thread of a process can do it"
        ),
        pytest.param({A: {2}, B: {2}}, [A, B, C], {A, B}, id="who lives has nothing to do with it"),
        pytest.param({A: {2}, B: {3}}, [A, B, C], set(), id="through another one"),
        pytest.param({A: {2, 3}, B: {2}}, [A, B, C], {B}, id="one of several could"),
        pytest.param({}, [A], set(), id="nobody waits"),
    ],
)
def test_dead(
    waiting: dict[tuple[int, int], set[int]],
    threads: list[tuple[int, int]],
    expected: set[tuple[int, int]],
) -> None:
    assert dead(waiting, threads) == expected
