"""A pytest whose tests run in children, each under its start method, watched by an agent."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from multiprocessing import get_all_start_methods
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from startlab.backends import py_spy
from startlab.backends.conversation import Conversation, command
from startlab.backends.native import CONTENT, Pipes
from startlab.engine.children import CannotStart, Children, Reply
from startlab.engine.suite import PLUGIN
from startlab.errors import AgentError
from startlab.model import Request
from startlab.pytest_plugin import collecting, summary

if TYPE_CHECKING:
    from collections.abc import Generator

    from startlab.model import Method, Observation, StartMethod
    from startlab.pytest_plugin.finding import Teller, Told

CACHE: Final = "startlab/tests"
LONGEST_COMMAND: Final = 20_000
"""Characters of paths that are handed to a child; of more it collects what the user named."""

NOT_PASSED: Final = (
    "PYTEST_CURRENT_TEST",
    "COV_CORE_SOURCE",
    "COV_CORE_CONFIG",
    "COV_CORE_DATAFILE",
)
EXIT: Final = "startlab::exit[{method}]"
"""The id of what is no test: the end of a child."""


class Suite:
    """The plugin, registered where start methods are asked for: `wanted`, as the option has it.

    In a worker of pytest-xdist it runs what the worker is given; the process of the terminal, whose
    it is otherwise, keeps the cache and prints the summary.
    """

    def __init__(self, config: pytest.Config, wanted: str) -> None:
        self._config = config
        self._worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self._methods = collecting.methods_of(wanted, get_all_start_methods())
        self._fresh = config.getoption("start_isolation", "batch") == "fresh"
        self._timeout_s = _seconds(config.getini("start_methods_timeout"))
        self._known = summary.Known.of(self._cached())
        self._tally = summary.Tally(self._methods, self._known, config.rootpath)
        self._agent: Conversation | None = None
        self._children: Children | None = None
        self._teller: Teller | None = None
        self._items: list[pytest.Item] = []
        self._found: list[pytest.Item] = []
        self._here: pytest.Item | None = None

    # --- collecting -----------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, Any]:
        """Have tests that use multiprocessing once for each start method."""
        report = yield
        if report.passed:
            users = {} if self._known.pinned else self._known.users
            report.result = collecting.multiplied(report.result, self._methods, users)
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put together what one child runs."""
        collecting.in_order(items, self._methods)

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember the order."""
        self._items = list(session.items)

    # --- running --------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Run the tests that turn out to use multiprocessing under the other methods too."""
        try:
            result = yield
            if not any((session.shouldfail, session.shouldstop, self._config.option.collectonly)):
                for method in self._methods[1:]:
                    for item in self._found:
                        if session.shouldfail or session.shouldstop:
                            break
                        self._run(collecting.under(item, method), None)
                self._end_child()
        finally:
            self._close()
        if session.shouldfail and self._found:
            raise session.Failed(session.shouldfail)
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Have a child run a test, and report what it reports."""
        self._here = item
        self._run(item, nextitem)
        return True

    def _run(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        test, own, mark = collecting.told(item)
        method: StartMethod = own or self._methods[0]
        began = time.time()
        if item is self._here:
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        try:
            children = self._begun()
            if children.now is not None and children.now.method != method:
                self._end_child()
                children = self._begun()
            started = children.start(method)
            self._tally.pinned(started.pinned, started.seen)
            if started.pinned and own is not None and own != self._methods[0] and not mark.methods:
                reports = [self._skipped(item, f"the suite itself chooses {started.pinned}")]
            else:
                reply = children.run(method, test, self._following(item, nextitem))
                reports = self._reports(item, test, own, method, reply, began)
        except CannotStart as failure:
            reports = [self._not_collected(item, method, failure.seen, began)]
        except AgentError as error:
            self._close()
            reports = [_report(item, "failed", str(error), began)]
        for report in reports:
            for judged in summary.as_marked(report, mark, method):
                self._log(item, judged)
        if item is self._here:
            item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if self._fresh:
            self._end_child()

    def _following(self, item: pytest.Item, nextitem: pytest.Item | None) -> str | None:
        """Give the test that the same child runs next, if that is known."""
        if self._worker is not None or self._fresh or nextitem is None:
            return None
        here, there = collecting.told(item), collecting.told(nextitem)
        first = self._methods[0]
        return there.test if (here.method or first) == (there.method or first) else None

    # --- what is reported -----------------------------------------------------------------------

    def _reports(
        self,
        item: pytest.Item,
        test: str,
        own: StartMethod | None,
        method: StartMethod,
        reply: Reply,
        began: float,
    ) -> list[Any]:
        said, seen = reply.said, reply.seen
        if "unknown" in said:
            text = f"The child under {method} has collected no {test}."
            return [_report(item, "failed", text, began, method=method)]
        self._heed(item.session, reply)
        how = reply.used
        several = len(self._methods) > 1 and not self._tally.is_pinned
        if own is None and how == "default" and several:
            self._found.append(item)
            item = collecting.under(item, method)
        reports = self._reported(said)
        found = None
        if not said or (how and any(each.failed for each in reports)):
            failures = [each for each in said.get("failures", ()) if each["node"] == test]
            found = self._told_of().failed(test, method, seen, failures)
        elif how:
            self._told_of().passed(test, method, seen)
        if found is not None and not said:
            reports = _ended(item, found, began)
        for report in reports:
            if report.nodeid in (test, item.nodeid):
                report.nodeid, report.location = item.nodeid, item.location
            if report.failed and found is not None and said:
                report.sections.append((f"startlab under {method}", found.text))
            report.startlab = summary.facts(test, method, how, report, found, seen)
        return reports

    def _heed(self, session: pytest.Session, reply: Reply) -> None:
        """Hand on what a child says of more than its test."""
        if "stop" in reply.said:
            session.shouldstop = reply.said["stop"]
        for each in reply.said.get("warnings", ()):
            self._warn(each)
        self._tally.pinned(reply.said.get("pinned"), reply.seen)

    def _reported(self, said: dict[str, Any]) -> list[Any]:
        """Make a child's reports again; JSON has lists for tuples."""
        reports = []
        for each in said.get("reports", ()):
            if isinstance(each["longrepr"], list):
                each["longrepr"] = tuple(each["longrepr"])
            for name in ("sections", "user_properties"):
                each[name] = list(map(tuple, each[name]))
            each["location"] = tuple(each["location"])
            hook = self._config.hook
            reports.append(hook.pytest_report_from_serializable(config=self._config, data=each))
        return reports

    def _told_of(self) -> Teller:
        if self._teller is None:
            from startlab.pytest_plugin.finding import Teller  # takes a while to import

            self._teller = Teller(self._config.rootpath)
        return self._teller

    def _not_collected(
        self, item: pytest.Item, method: StartMethod, seen: Observation, began: float
    ) -> Any:  # noqa: ANN401 - a report
        test = collecting.told(item).test
        found = self._told_of().failed(test, method, seen, [])
        text = f"No pytest under {method} came so far as to run a test.\n{found.text}"
        if seen.ended == "exit":
            text += f"\n{seen.stderr.text()}\n{seen.stdout.text()}"
        return _report(item, "failed", text, began, method=method, found=found)

    def _skipped(self, item: pytest.Item, reason: str) -> Any:  # noqa: ANN401 - a report
        path, line, _ = item.location
        report = _report(item, "skipped", "", time.time(), when="setup")
        report.longrepr = (path, line, f"Skipped: {reason}")
        return report

    def _log(self, item: pytest.Item, report: Any) -> None:  # noqa: ANN401 - a report
        here = self._here
        if self._worker is None or (here is not None and report.nodeid == here.nodeid):
            item.ihook.pytest_runtest_logreport(report=report)
            return
        # A worker reports the test that it was given, and no other, by that hook.
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        interactor = next(
            each for each in self._config.pluginmanager.get_plugins() if hasattr(each, "sendevent")
        )
        data["item_index"] = interactor.item_index
        data["worker_id"] = interactor.workerid
        data["testrun_uid"] = interactor.testrunuid
        interactor.sendevent("testreport", data=data)

    def _warn(self, said: dict[str, Any]) -> None:
        import builtins

        kind = getattr(builtins, said["category"], UserWarning)
        message = warnings.WarningMessage(
            message=said["message"], category=kind, filename=said["file"], lineno=said["line"]
        )
        location = said["location"]
        self._config.hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": message,
                "when": said["when"],
                "nodeid": said["node"],
                "location": tuple(location) if location else None,
            }
        )

    # --- the children ---------------------------------------------------------------------------

    def _begun(self) -> Children:
        if self._children is None:
            self._agent = Conversation(
                Pipes(command(sys.executable, str(CONTENT), py_spy.py_spy())), str(CONTENT)
            )
            self._children = Children(self._agent, self._request)
        return self._children

    def _close(self) -> None:
        """End the agent, and with it the child; the next test has others."""
        if self._agent is not None:
            self._agent.close()
        self._agent = self._children = None

    def _request(self, method: Method) -> Request:
        """Give the user's own pytest again, with the plugin of a child."""
        program, words, folder = _invocation(self._config, self._worker)
        env = {name: value for name, value in os.environ.items() if name not in NOT_PASSED}
        env |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), tempfile.gettempdir())
        paths: list[str] | None = list(dict.fromkeys(str(item.path) for item in self._items))
        if sum(map(len, paths or ())) > LONGEST_COMMAND:
            paths = None
        return Request(
            argv=(sys.executable, *program, *PLUGIN, *words),
            method=None if method == "default" else method,
            timeout_s=self._timeout_s,
            env=env,
            cwd=folder,
            python=sys.executable,
            tests={"paths": paths},
        )

    def _end_child(self) -> None:
        """End the child; that it cannot end is an item of its own."""
        children = self._children
        if children is None or children.now is None or not self._items:
            return
        method: Any = children.now.method
        item = self._here or self._items[0]
        began = time.time()
        try:
            last, end = children.end()
        except AgentError as error:
            self._close()
            warnings.warn(f"The child of {method} was lost at its end: {error}", stacklevel=1)
            return
        for report in self._reported(last.said) if last is not None else ():
            self._log(item, report)
        if end is None or (end.seen.ended == "exit" and (end.seen.exit_status or 0) >= 0):
            return
        found = self._told_of().failed(item.nodeid, method, end.seen, [])
        text = f"After the last test, when the process of {method} was to end.\n{found.text}"
        for report in _ended(item, found._replace(text=text), began):
            report.nodeid = EXIT.format(method=method)
            report.location = ("startlab", None, f"exit[{method}]")
            report.startlab = summary.facts(
                "startlab::exit", method, "exit", report, found, end.seen
            )
            self._log(item, report)

    # --- the other plugins ----------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self) -> bool:
        """Have pytest-timeout start no timer here: its limits hold in the child."""
        return True

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_cancel_timer(self) -> bool:
        """Likewise."""
        return True

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - of pytest-xdist
        """Hand a worker what it cannot know: the command line, and what is in the cache."""
        invocation = list(_invocation(self._config, None))
        node.workerinput["startlab"] = {"invocation": invocation, "cached": self._known.plain()}

    # --- what it comes to -----------------------------------------------------------------------

    def _cached(self) -> Any:  # noqa: ANN401 - whatever is in the file
        if self._worker is not None:
            return self._worker["startlab"]["cached"]
        cache = getattr(self._config, "cache", None)
        return cache.get(CACHE, None) if cache is not None else None

    def pytest_runtest_logreport(self, report: Any) -> None:  # noqa: ANN401 - a report
        """Count it."""
        self._tally.add(report)

    def pytest_sessionfinish(self) -> None:
        """Remember which tests use multiprocessing."""
        cache = getattr(self._config, "cache", None)
        if self._worker is None and cache is not None and not self._config.option.collectonly:
            cache.set(CACHE, self._tally.known().plain())

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - pytest's
        """Say which tests depend on the start method, and for which the suite is ready."""
        lines = self._tally.lines()
        if lines:
            terminalreporter.section("start methods")
            for line in lines:
                terminalreporter.line(line)


def _seconds(said: str) -> float:
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise pytest.UsageError(
            f"start_methods_timeout: {said!r} is not a number of seconds; write for example 300."
        )
    return seconds


def _invocation(
    config: pytest.Config, worker: dict[str, Any] | None
) -> tuple[list[str], list[str], str]:
    """Give how the user's pytest was started: by what, with which words, and where."""
    if worker is not None:
        program, words, folder = worker["startlab"]["invocation"]
        return program, words, folder
    script = Path(sys.argv[0])
    # It has another sys.path than `-m pytest`.
    own = script.stem in ("pytest", "py.test") and script.suffix in ("", ".py") and script.is_file()
    params = config.invocation_params
    return (
        [os.fspath(script.absolute())] if own else ["-m", "pytest"],
        list(map(str, params.args)),
        os.fspath(params.dir),
    )


def _report(
    item: pytest.Item,
    outcome: str,
    text: str,
    began: float,
    *,
    when: str = "call",
    method: str = "",
    found: Told | None = None,
) -> Any:  # noqa: ANN401 - pytest's own constructor is not typed for all versions
    now = time.time()
    report: Any = pytest.TestReport(
        nodeid=item.nodeid, location=item.location, keywords=dict.fromkeys(item.keywords, 1),
        outcome=outcome,  # type: ignore[arg-type]
        longrepr=text or None, when=when,  # type: ignore[arg-type]
        duration=now - began, start=began, stop=now,
    )  # fmt: skip
    report.startlab = summary.facts(collecting.told(item).test, method, "", report, found)
    return report


def _ended(item: pytest.Item, found: Told, began: float) -> list[Any]:
    """Give the reports of a test whose process came to an end in it: the last is empty.

    The terminal counts a test when it is torn down.
    """
    return [
        _report(item, "failed", found.text, began),
        _report(item, "passed", "", time.time(), when="teardown"),
    ]
