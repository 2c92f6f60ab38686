"""Which trial is next, with real threads."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pytest

from startlab.engine.schedule import Schedule, Task
from startlab.engine.subjects import ExperimentSubject
from startlab.model import Cell, Selection

if TYPE_CHECKING:
    from startlab.model import Environment, Experiment


@pytest.fixture
def task(experiment: Experiment, environment: Environment):  # type: ignore[no-untyped-def]
    subjects = {
        exclusive: ExperimentSubject(
            msgspec.structs.replace(experiment, exclusive=exclusive), Selection()
        )
        for exclusive in (False, True)
    }

    def make(where: str, number: int, *, exclusive: bool = False) -> Task:
        return Task(
            Cell(experiment="example", environment=where, method="fork"),
            number,
            subjects[exclusive],
            msgspec.structs.replace(environment, name=where),
        )

    return make


def take(schedule: Schedule, preferred: str | None = None) -> Task:
    found = schedule.next(preferred)
    assert found is not None
    return found


def test_a_worker_stays_in_its_environment_while_there_is_work(task) -> None:  # type: ignore[no-untyped-def]
    schedule = Schedule()
    schedule.add("a", [task("a", 0), task("a", 1)])
    schedule.add("b", [task("b", 0), task("b", 1)])
    assert take(schedule, "b") == task("b", 0)
    assert take(schedule, "b") == task("b", 1)
    assert take(schedule, "b").environment.name == "a"


def test_a_new_worker_goes_where_fewest_are(task) -> None:  # type: ignore[no-untyped-def]
    schedule = Schedule()
    schedule.add("a", [task("a", n) for n in range(3)])
    schedule.add("b", [task("b", n) for n in range(3)])
    assert [take(schedule).environment.name for _ in range(4)] == ["a", "b", "a", "b"]


def test_what_is_exclusive_is_last_and_waits_until_nothing_runs(task) -> None:  # type: ignore[no-untyped-def]
    schedule = Schedule()
    alone = task("a", 9, exclusive=True)
    schedule.add("a", [alone, task("a", 0), task("a", 1)])
    first, second = take(schedule), take(schedule)
    assert {first.number, second.number} == {0, 1}
    schedule.complete()
    with ThreadPoolExecutor() as pool:
        third = pool.submit(schedule.next, "a")
        schedule.done(first)
        assert not third.done()  # the second still runs
        schedule.done(second)
        assert third.result(5) == alone
        assert pool.submit(schedule.next, "a").result(5) is None


def test_what_is_run_again_waits_until_nothing_runs(task) -> None:  # type: ignore[no-untyped-def]
    schedule = Schedule()
    schedule.add("a", [task("a", 0), task("a", 1)])
    schedule.complete()
    first, second = take(schedule), take(schedule)
    again = first._replace(again=True)
    schedule.add("a", [again])
    schedule.done(first)
    with ThreadPoolExecutor() as pool:
        third = pool.submit(schedule.next, "a")
        assert not third.done()
        schedule.done(second)
        assert third.result(5) == again


def test_take_away_gives_back_what_was_not_begun(task) -> None:  # type: ignore[no-untyped-def]
    schedule = Schedule()
    tasks = {e: [task(e, 0), task(e, 1), task(e, 2, exclusive=True)] for e in "ab"}
    for name, each in tasks.items():
        schedule.add(name, each)
    begun = take(schedule, "a")
    assert schedule.take_away("a") == [t for t in tasks["a"] if t != begun]
    assert schedule.take_away("a") == []
    assert schedule.take_away() == tasks["b"]
    schedule.complete()
    assert schedule.next(None) is None


def test_what_is_added_once_closed_is_not_run(task) -> None:  # type: ignore[no-untyped-def]
    schedule = Schedule()
    schedule.close()
    schedule.add("a", [task("a", 0), task("a", 1, exclusive=True)])
    assert schedule.next(None) is None


def test_a_running_task_may_add_another_after_all_have_come(task) -> None:  # type: ignore[no-untyped-def]
    schedule = Schedule()
    schedule.add("a", [task("a", 0)])
    schedule.complete()
    first = take(schedule)
    schedule.add("a", [task("a", 1)])
    schedule.done(first)
    assert take(schedule) == task("a", 1)
    assert schedule.next(None) is None


def test_a_waiting_worker_hears_of_work_of_the_end_and_of_take_away(task) -> None:  # type: ignore[no-untyped-def]
    schedule = Schedule()
    with ThreadPoolExecutor() as pool:
        workers = [pool.submit(schedule.next, None) for _ in range(3)]
        schedule.add("a", [task("a", 0)])
        schedule.add("b", [task("b", 0, exclusive=True)])
        schedule.take_away("b")
        schedule.complete()
        found = [worker.result(5) for worker in workers]
    assert sorted(map(bool, found)) == [False, False, True]


@pytest.mark.parametrize("seed", range(20))
def test_many_workers_run_each_task_once_exclusive_ones_alone(task, seed: int) -> None:  # type: ignore[no-untyped-def]
    """No deadlock, whatever the order in which environments come and workers go."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    schedule = Schedule()
    lock = threading.Lock()
    running: list[Task] = []
    ran: list[Task] = []
    crowded: list[Task] = []

    def work() -> None:
        where = None
        while (mine := schedule.next(where)) is not None:
            where = mine.environment.name
            with lock:
                running.append(mine)
                if len(running) > 1:
                    crowded.extend(running)
                ran.append(mine)
            with lock:
                running.remove(mine)
            schedule.done(mine)

    every = [
        task(where, number, exclusive=chance.random() < 0.3)
        for where in "abc"
        for number in range(9)
    ]
    threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
    for thread in threads[:2]:
        thread.start()
    for where in "abc":
        schedule.add(where, [t for t in every if t.environment.name == where])
    for thread in threads[2:]:
        thread.start()
    schedule.complete()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert sorted(t.cell.environment + str(t.number) for t in ran) == sorted(
        t.cell.environment + str(t.number) for t in every
    )
    assert [t for t in crowded if t.subject.exclusive] == []
    assert not any(t.subject.exclusive for t in ran[: sum(not t.subject.exclusive for t in every)])
