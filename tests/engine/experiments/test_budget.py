"""How long causes are looked for, on an idle machine and on a busy one."""

from __future__ import annotations

from startlab.engine.experiments.budget import (
    BUDGET_S,
    EACH_S,
    MOST_LOAD,
    MOST_TESTS,
    Budget,
    Shared,
)


def test_a_trial_on_a_loaded_machine_counts_for_less() -> None:
    budget = Budget(BUDGET_S["quick"])
    budget.use(BUDGET_S["quick"], 2.0)
    assert not budget.is_over()
    budget.use(BUDGET_S["quick"], 2.0)
    assert budget.is_over()


def test_the_load_counts_up_to_a_limit() -> None:
    budget = Budget(10.0)
    budget.use(10.0 * MOST_LOAD, 100.0)
    assert budget.is_over()


def test_something_is_kept_for_the_cells_to_come() -> None:
    budget = Budget(30.0)
    budget.use(30.0 - 1.5 * EACH_S, 0.1)
    assert budget.is_over(2)
    assert not budget.is_over(1)
    assert not budget.is_over()


def test_many_cells_to_come_leave_half_to_the_first() -> None:
    budget = Budget(30.0)
    budget.use(14.0, 1.0)
    assert not budget.is_over(20)
    budget.use(2.0, 1.0)
    assert budget.is_over(20)


def test_a_program_has_all_of_it() -> None:
    assert not Shared("quick", 1).next().is_over(to_come=3)
    assert Shared("quick", 1).left_s == BUDGET_S["quick"]


def test_the_tests_of_a_suite_share_what_is_left() -> None:
    shared = Shared("quick", 12)
    assert shared.left_s == BUDGET_S["quick"] * MOST_TESTS
    explained = 0
    while not (budget := shared.next()).is_over():
        budget.use(BUDGET_S["quick"] / 2, load=1.0)
        shared.use(budget)
        explained += 1
    assert explained == 2 * MOST_TESTS


def test_what_is_said_of_it_counts_the_load() -> None:
    assert Shared("quick", 1).longest_s(0.2) == BUDGET_S["quick"]
    assert Shared("quick", 1).longest_s(100.0) == BUDGET_S["quick"] * MOST_LOAD
