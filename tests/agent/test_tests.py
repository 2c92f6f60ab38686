"""A program that runs tests, one at a time, as it is told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from startlab.backends.conversation import Said
from startlab.model import Observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.backends.conversation import Conversation

pytestmark = [pytest.mark.native, pytest.mark.targets]

PROGRAM = """
import json
import multiprocessing
import os
import sys

token = os.environ["STARTLAB_TESTS"]


def say(**message):
    print(json.dumps({**message, "token": token}), flush=True)


def work():
    pass


def main():
    say(ready=json.loads(sys.stdin.readline()))
    print("said by somebody else", flush=True)
    print(json.dumps({"done": "without the token"}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if "end" in command:
            say(ended=True)
            break
        if command["run"] == "start":
            process = multiprocessing.Process(target=work)
            process.start()
            process.join()
        elif command["run"] == "hang":
            print("about to hang", file=sys.stderr, flush=True)
            ends = multiprocessing.Pipe()
            ends[0].recv()
        elif command["run"] == "slow":
            say(limit=0.5)
            while True:
                pass
        elif command["run"] == "crash":
            os.abort()
        say(done=command["run"])


if __name__ == "__main__":
    main()
"""


@pytest.fixture
def begin(
    agent: Conversation, write: Callable[..., Any], request_of: Callable[..., Any]
) -> Callable[[], None]:
    path = write(PROGRAM)

    def begin() -> None:
        request = request_of(sys.executable, str(path), method="spawn", tests={"paths": ["a"]})
        first = agent.begin(request)
        assert isinstance(first, Said)
        assert first.said == {"ready": {"paths": ["a"]}}

    return begin


def test_of_each_test_is_told_what_was_seen_in_it(
    agent: Conversation, begin: Callable[..., Any]
) -> None:
    begin()
    started = agent.tell({"run": "start"})
    assert isinstance(started, Said)
    assert started.said == {"done": "start"}
    assert [start.method for start in started.seen.starts] == ["spawn"]
    other = agent.tell({"run": "nothing"})
    assert isinstance(other, Said)
    assert other.seen.starts == ()
    ended = agent.tell({"end": True})
    assert isinstance(ended, Said)
    seen = agent.wait()
    assert (seen.ended, seen.exit_status) == ("exit", 0)


@pytest.mark.skipif(sys.platform != "linux", reason="hangs are proven on Linux alone")
def test_a_hang_is_proven_and_the_next_program_begins(
    agent: Conversation, begin: Callable[..., Any]
) -> None:
    for _ in range(2):
        begin()
        agent.tell({"run": "nothing"})
        seen = agent.tell({"run": "hang"})
        assert isinstance(seen, Observation)
        assert (seen.ended, seen.grade) == ("proof", "proven")
        assert seen.stderr.text() == "about to hang\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there a crash is an exit status")
def test_a_test_has_a_limit_of_its_own(agent: Conversation, begin: Callable[..., Any]) -> None:
    begin()
    slow = agent.tell({"run": "slow"})
    assert isinstance(slow, Observation)
    assert slow.ended == "limit"
    begin()
    crash = agent.tell({"run": "crash"})
    assert isinstance(crash, Observation)
    assert (crash.ended, crash.exit_status) == ("exit", -6)


def test_a_program_that_ends_while_it_is_not_told_anything(
    agent: Conversation, write: Callable[..., Any], request_of: Callable[..., Any]
) -> None:
    path = write("print('no test at all')")
    seen = agent.begin(request_of(sys.executable, str(path), tests={}))
    assert isinstance(seen, Observation)
    assert (seen.ended, seen.exit_status) == ("exit", 0)
