"""A pytest whose tests run in children, each under its start method, watched by an agent."""

from __future__ import annotations

import sys
import time
import warnings
from multiprocessing import get_all_start_methods
from typing import TYPE_CHECKING, Any, Final

import pytest

from startlab.backends import py_spy
from startlab.backends.conversation import Conversation, command
from startlab.backends.pipes import CONTENT, Pipes
from startlab.engine.children import CannotStart, Children, Reply, failed
from startlab.errors import AgentError
from startlab.pytest_plugin import again, collecting, reports, summary
from startlab.pytest_plugin.once import Once
from startlab.report import prose

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from startlab.model import Method, Observation, Request, StartMethod
    from startlab.pytest_plugin.finding import Explainer, Why

CACHE: Final = "startlab/tests"
EXIT: Final = "startlab::exit[{method}]"
"""The id of what is no test: the end of a child."""


class Suite:
    """The plugin, registered where start methods are asked for: `wanted`, as the option has it.

    In a worker of pytest-xdist it runs what the worker is given; the process of the terminal, whose
    it is otherwise, keeps the cache and prints the summary.
    """

    def __init__(self, config: pytest.Config, wanted: str) -> None:
        self._config = config
        worker = getattr(config, "workerinput", None)
        self._is_worker = worker is not None
        self._invocation = again.invocation(config)
        cache = getattr(config, "cache", None)
        known = cache.get(CACHE, None) if cache is not None else None
        if worker is not None:
            self._invocation = again.Invocation(*worker["startlab"]["invocation"])
            known = worker["startlab"]["known"]
        self._methods = collecting.methods_of(wanted, get_all_start_methods())
        self._isolation: str = config.getoption("start_isolation", "batch")
        if self._isolation == "fork" and "fork" not in get_all_start_methods():
            raise pytest.UsageError("--start-isolation=fork: this platform has no fork; try fresh.")
        self._timeout_s = _seconds(config.getini("start_methods_timeout"))
        self._known = summary.Known.of(known)
        self._users = {} if self._known.pinned else self._known.users
        self._named = collecting.named(config)
        self._tally = summary.Tally(self._methods, self._known, config.rootpath)
        self._agent: Conversation | None = None
        self._children: Children | None = None
        self._explainer: Explainer | None = None
        self._once = Once(lambda line: prose.filled(line, self._width()))
        self._seen: dict[str, dict[StartMethod, Observation]] = {}
        self._items: list[pytest.Item] = []
        self._found: list[pytest.Item] = []
        self._here: pytest.Item | None = None
        self._asked: set[tuple[StartMethod, Path]] = set()

    # --- collecting -----------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, Any]:
        """Have tests that use multiprocessing once for each start method."""
        report = yield
        if report.passed:
            report.result = collecting.multiplied(
                report.result, self._methods, self._users, but=self._named
            )
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, Any, Any]:
        """Sort by start method: before others choose from where on, and after they reorder."""
        items[:] = collecting.multiplied(items, self._methods, self._users)
        collecting.sort(items, self._methods)
        yield
        collecting.sort(items, self._methods)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember what there is to run."""
        self._items = list(session.items)

    # --- running --------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Run the tests that turn out to use multiprocessing under the other methods too."""
        try:
            result = yield
            if not self._config.option.collectonly:
                self._run_found(session)
            self._end_child()
        except (session.Failed, session.Interrupted):
            self._end_child()  # which tears its fixtures down
            raise
        finally:
            self._close()
        return result

    def _run_found(self, session: pytest.Session) -> None:
        for method in self._methods[1:]:
            for item in self._found:
                self._run(collecting.under(item, method), None)
                if session.shouldfail:
                    raise session.Failed(session.shouldfail)
                if session.shouldstop:
                    raise session.Interrupted(session.shouldstop)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Have a child run a test, and report what it reports."""
        self._here = item
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self._run(item, nextitem)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _run(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        test, own, mark = collecting.variant(item)
        method: StartMethod = own or self._methods[0]
        began = time.time()
        try:
            children = self._begun()
            now = children.now
            first = (method, item.path) not in self._asked
            if now is not None and (now.method != method or (first and test not in now.tests)):
                self._end_child()
                children = self._begun()
            self._asked.add((method, item.path))
            started = children.start(method)
            self._tally.pinned(started.pinned, started.seen)
            began = time.time()  # starting a child is not the test's
            if started.pinned and own not in (None, self._methods[0]) and not mark.methods:
                reason = f"the suite itself chooses {started.pinned}"
                found = [reports.skipped(item, reason)]
            else:
                reply = children.run(method, test, self._following(method, nextitem))
                found = self._reports(item, method, reply, began)
        except CannotStart as failure:
            found = [self._not_collected(item, method, failure.seen, began)]
        except AgentError as error:
            self._close()
            found = [reports.made(item, "failed", str(error), began)]
        for report in found:
            reports.as_marked(report, mark, method)
            self._log(item, report)
        if self._isolation == "fresh":
            self._end_child()

    def _following(self, method: StartMethod, nextitem: pytest.Item | None) -> str | None:
        """Give the test that the same child runs next, if that is known."""
        if self._is_worker or self._isolation != "batch" or nextitem is None:
            return None
        test, own, _ = collecting.variant(nextitem)
        return test if (own or self._methods[0]) == method else None

    # --- what is reported -----------------------------------------------------------------------

    def _reports(
        self, item: pytest.Item, method: StartMethod, reply: Reply, began: float
    ) -> list[Any]:
        test, own, _ = collecting.variant(item)
        said, used = reply.said, reply.used
        if "unknown" in said:
            text = f"The child under {method} has collected no {test}."
            if own not in (None, self._methods[0]):  # a file may define it where a method is so
                return [reports.skipped(item, text)]
            return [reports.made(item, "failed", text, began, method=method)]
        self._heed(item.session, reply)
        if own is None and used == "default" and not self._tally.is_pinned:
            self._found.append(item)
            item.session.testscollected += len(self._methods) - 1  # of which the progress is told
            item = collecting.under(item, method)
        found = list(reports.received(self._config, said))
        why = None
        if used or not said:
            failures = [each for each in said.get("failures", ()) if each["node"] == test]
            seen = failed(reply.seen, failures) if failures else reply.seen
            if not said or any(each.failed for each in found):
                why = self._why(test, method, seen)
            self._seen.setdefault(test, {})[method] = seen
        if why is not None and not said:
            found = reports.ended(item, why, began)
        for report in found:
            if report.nodeid in (test, item.nodeid):
                report.nodeid, report.location = item.nodeid, item.location
            if report.failed and why is not None:
                self._once.tell(report, test, method, why, alone=not said)
            report.startlab = reports.facts(test, method, used, report, why, reply.seen)
        return found

    def _heed(self, session: pytest.Session, reply: Reply) -> None:
        """Hand on what a child says of more than its test."""
        if "stop" in reply.said:
            session.shouldstop = reply.said["stop"]
        reports.warn_again(self._config, reply.said)
        self._tally.pinned(reply.said.get("pinned"), reply.seen)

    def _why(self, test: str, method: StartMethod, seen: Observation) -> Why:
        if self._explainer is None:
            from startlab.pytest_plugin.finding import Explainer  # takes a while to import

            self._explainer = Explainer(self._config.rootpath, self._width())
        return self._explainer.why(test, method, seen, self._seen.get(test, {}))

    def _width(self) -> int | None:
        """Give the width of the terminal, None if there is none."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or not reporter.isatty:
            return None
        width: int = self._config.get_terminal_writer().fullwidth
        return width

    def _not_collected(
        self, item: pytest.Item, method: StartMethod, seen: Observation, began: float
    ) -> Any:
        why = self._why(collecting.variant(item).test, method, seen)
        text = f"The pytest under {method} ended before it ran a test.\n{why.whole}"
        if seen.ended == "exit":
            text += f"\n{seen.stderr.text()}\n{seen.stdout.text()}"
        return reports.made(item, "failed", text, began, method=method, why=why)

    def _log(self, item: pytest.Item, report: Any) -> None:
        here = self._here
        if not self._is_worker or (here is not None and report.nodeid == here.nodeid):
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

    # --- the children ---------------------------------------------------------------------------

    def _begun(self) -> Children:
        if self._children is None:
            self._agent = Conversation(
                Pipes(command(sys.executable, str(CONTENT), py_spy.py_spy())), str(CONTENT)
            )
            self._children = Children(self._agent, self._request)
        return self._children

    def _request(self, method: Method) -> Request:
        """Ask for a child that collects the files of its method's tests."""
        found = self._found if method != self._methods[0] else []
        mine = [
            item
            for item in self._items
            if (collecting.variant(item).method or self._methods[0]) == method
        ]
        return again.request(
            self._invocation,
            method,
            (item.path for item in [*mine, *found]),
            self._timeout_s,
            forks=self._isolation == "fork",
        )

    def _close(self) -> None:
        """End the agent, and with it the child; the next test has others."""
        if self._agent is not None:
            self._agent.close()
        self._agent = self._children = None

    def _end_child(self) -> None:
        """End the child; that it cannot end is an item of its own."""
        children, item = self._children, self._here
        if children is None or children.now is None or item is None:
            return
        method: Any = children.now.method
        began = time.time()
        try:
            end = children.end()
        except AgentError as error:
            self._close()
            warnings.warn(f"The child of {method} was lost at its end: {error}", stacklevel=1)
            return
        if end is None:
            return
        for report in reports.received(self._config, end.said):
            self._log(item, report)
        if not end.is_bad:
            return
        why = self._why(item.nodeid, method, end.seen)
        head = f"After the last test, when the process of {method} was to end.\n{why.head}"
        for report in reports.ended(item, why._replace(head=head), began):
            report.nodeid = EXIT.format(method=method)
            report.location = ("startlab", None, f"exit[{method}]")
            report.startlab = reports.facts("startlab::exit", method, "exit", report, why, end.seen)
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
    def pytest_configure_node(self, node: Any) -> None:
        """Hand a worker of pytest-xdist what it cannot know: the command line and the cache."""
        node.workerinput["startlab"] = {
            "invocation": list(self._invocation),
            "known": self._known.plain(),
        }

    # --- what it comes to -----------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Count it."""
        self._tally.add(report)

    def pytest_sessionfinish(self) -> None:
        """Remember which tests use multiprocessing."""
        cache = getattr(self._config, "cache", None)
        if cache is not None and not (self._is_worker or self._config.option.collectonly):
            cache.set(CACHE, self._tally.known().plain())

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say which tests depend on the start method, and for which the suite is ready."""
        lines = self._tally.lines()
        if lines:
            terminalreporter.section("start methods")
            width = self._width()
            for line in lines:
                terminalreporter.line(prose.filled(line, width))


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
