"""What a pytest does that startlab runs: it runs the tests that it is told, one at a time.

`pytest -p startlab_tests …`, which imports this. It is told on its stdin, and says what came of it on its stdout, each
a line of JSON; the tests get neither. First come its settings:

- `paths`: the files to collect, or null for those of the command line.
- `all`: to collect all tests of a file, whichever the command line selects.
- `fork`: to run each test in a process of its own, forked from this one.

Then, once it has collected and said so: `{"run": nodeid, "next": nodeid or null}` for each test,
and `{"end": true}`.

What the command line says of reports, xdist and the like is the business of who tells it what to
run. Any pytest from 6 on; Python 3.
"""

import atexit
import faulthandler
import json
import os
import signal
import sys
import threading
import time
import traceback
import warnings

import pytest

TOKEN = os.environ.pop("STARTLAB_TESTS")
EVENTS = os.environ.get("STARTLAB_EVENTS", "")
APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
CRASH_FD = 250  # see sitecustomize.py

OFF = {
    "numprocesses": None, "maxprocesses": None, "dist": "no", "tx": [], "looponfail": False,
    "distload": False, "lf": False, "failedfirst": False, "newfirst": False, "stepwise": False,
    "stepwise_skip": False, "maxfail": 0, "collectonly": False, "xmlpath": None, "htmlpath": None,
    "pastebin": None, "durations": None, "cacheclear": False, "cacheshow": None, "usepdb": False,
    "trace": False,
}  # fmt: skip
"""The options that are not the child's business, and what they are without being said."""

SELECTING = {"keyword": "", "markexpr": "", "deselect": None}
"""Those that select tests."""

OTHERS = ("lfplugin", "nfplugin", "stepwiseplugin")
"""The plugins that would write into the cache what this child alone has seen."""


class Channel(object):
    """The two streams to the agent, where no test finds them."""

    def __init__(self):
        self._commands = os.fdopen(os.dup(0), "rb", 0)
        self._agent = self.replies = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        out = os.open(EVENTS + ".stdout", APPEND, 0o600)
        os.dup2(out, 1)
        os.close(out)

    def hear(self):
        """Give the next command; None at the end."""
        line = b""
        while not line.endswith(b"\n"):
            part = self._commands.readline()
            if not part:
                return None
            line += part
        return json.loads(line.decode("utf-8"))

    def say(self, **message):
        self.hand_on(line(message))

    def reply(self, **message):
        write(self.replies, line(message))

    def hand_on(self, data):
        write(self._agent, data)


def line(message):
    return json.dumps(dict(message, token=TOKEN), default=repr).encode("utf-8") + b"\n"


def write(fd, data):
    while data:
        data = data[os.write(fd, data):]


channel = Channel()
settings = channel.hear() or {}


def named_files():
    """Have pytest capture into files with names, which the agent can read of one that hangs."""
    import tempfile

    from _pytest import capture

    def temporary_file(*args, **said):
        names.append(None)
        try:
            return open("%s.captured.%d" % (EVENTS, len(names)), "w+b", *args, **said)
        except OSError:
            return tempfile.TemporaryFile(*args, **said)

    names = []
    if hasattr(capture, "TemporaryFile"):
        capture.TemporaryFile = temporary_file


named_files()


# --- what the command line says -----------------------------------------------------------------


def pytest_addoption(parser):
    """Know startlab's own options, which may be in a project's addopts."""
    group = parser.getgroup("startlab")
    group.addoption("--start-methods", default=None)
    group.addoption("--start-isolation", default=None)
    parser.addini("start_methods", "")
    parser.addini("start_methods_timeout", "")


covered = []


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config):
    known = early_config.known_args_namespace
    if getattr(known, "capture", None) in ("no", "tee-sys"):
        known.capture = "fd"  # the parent prints what the reports have, if it is asked to
    if getattr(known, "cov_source", None) and not getattr(known, "no_cov", False):
        measure(known)
        known.cov_source = None
    yield


def measure(known):
    """Measure the coverage as pytest-cov does in a worker: into a data file of this process."""
    try:
        import coverage
    except ImportError:
        return
    source = None if True in known.cov_source else list(known.cov_source)
    cov = coverage.Coverage(
        source=source,
        branch=getattr(known, "cov_branch", None),
        data_suffix=True,
        config_file=getattr(known, "cov_config", True),
    )
    cov.start()
    covered.append(cov)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_cmdline_main(config):
    off = dict(OFF, **SELECTING) if settings.get("all") else OFF
    for name, value in off.items():
        if hasattr(config.option, name):
            setattr(config.option, name, value)
    if settings.get("paths"):
        config.args = list(settings["paths"])
    elif settings.get("all"):
        config.args = [each.partition("::")[0] for each in config.args]
    yield


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    heard.config = config
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(getattr(reporter, "_tw", None), "_file"):
        reporter._tw._file = open(os.devnull, "w")  # a test would find it in its own output
    line = "start_methods(*methods, xfail=None, strict=None): the start methods to run it under"
    config.addinivalue_line("markers", line)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    manager = session.config.pluginmanager
    for name in OTHERS:
        plugin = manager.get_plugin(name)
        if plugin is not None:
            manager.unregister(plugin)
    try:  # pytest's own plugin has had it write to stderr
        os.fstat(CRASH_FD)
        faulthandler.enable(file=CRASH_FD)
    except (OSError, ValueError):
        pass


def pytest_sessionfinish():
    for cov in covered:
        cov.stop()
        cov.save()


saved = {"next": 0.0}


def save_coverage():
    """Save what has been measured so far, at most a twentieth of the time: a hang loses the rest."""
    began = time.time()
    if covered and began >= saved["next"]:
        for cov in covered:
            cov.save()
        saved["next"] = time.time() + 20 * (time.time() - began)


# --- what a test uses ---------------------------------------------------------------------------


class Use(object):
    """Whether the platform's default start method was asked for."""

    def __init__(self):
        self.fixtures = set()
        self.asked = False

    def context(self):
        return getattr(sys.modules.get("multiprocessing.context"), "_default_context", None)

    def pinned(self):
        """Give the method that the program has chosen for all; None if it is the default."""
        context = self.context()
        actual = getattr(context, "_actual_context", None)
        if actual is None or actual is getattr(context, "_default_context", None):
            return None
        return getattr(actual, "_name", None)

    def forget(self):
        context = self.context()
        if context is not None and self.pinned() is None:
            context._actual_context = None

    def watch(self):
        """Leave out what spawn and the fork server themselves ask, for a child to have the same."""
        if self.context() is None:
            return
        from multiprocessing import spawn

        if hasattr(spawn.get_preparation_data, "of_startlab"):
            return
        prepare = spawn.get_preparation_data

        def get_preparation_data(name):
            self.look()
            data = prepare(name)
            self.forget()
            return data

        get_preparation_data.of_startlab = True
        spawn.get_preparation_data = get_preparation_data

    def look(self):
        """Tell whether it was asked for since the last look."""
        context = self.context()
        asked = getattr(context, "_actual_context", None) is not None and self.pinned() is None
        self.forget()
        self.asked = self.asked or asked
        return asked

    def of(self, item):
        """Tell whether a test that is over uses it: by itself or by a fixture that is shared."""
        self.look()
        asked, self.asked = self.asked, False
        if asked or not self.fixtures:
            return asked
        info = getattr(item, "_fixtureinfo", None)
        there = getattr(info, "name2fixturedefs", {})
        return any(id(each) in self.fixtures for defs in there.values() for each in defs)


use = Use()


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef):
    use.look()
    yield
    if use.look() and getattr(fixturedef, "scope", "function") != "function":
        use.fixtures.add(id(fixturedef))


# --- running ------------------------------------------------------------------------------------


class Heard(object):
    """What pytest has reported since the last reply."""

    def __init__(self):
        self.config = None
        self.reports = []
        self.warnings = []
        self.failures = []
        self.uncollected = []


heard = Heard()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    items = dict((item.nodeid, item) for item in session.items)
    channel.say(
        ready=[item.nodeid for item in session.items],
        pinned=use.pinned(),
        uncollected=heard.uncollected,
        marks=dict(marked(session.items)),
        warnings=heard.warnings,
    )
    heard.warnings = []
    before = None
    while True:
        command = channel.hear()
        if command is None:
            return True
        if "end" in command:
            torn_down(session, before, None)
            reply(ended=True)
            return True
        item = items.get(command["run"])
        save_coverage()
        if item is None:
            reply(unknown=command["run"])
        elif settings.get("fork"):
            if run_in_a_fork(item):
                return True
        else:
            torn_down(session, before, item)
            before = item
            # The parent has no more to be torn down than what the test alone has set up.
            if run(item, items.get(command.get("next")) or item.parent):
                return True


def run(item, nextitem):
    """Run a test and reply; tell whether it is to be the last."""
    forget_limits()
    use.forget()
    use.watch()
    use.asked = False
    try:
        item.ihook.pytest_runtest_protocol(item=item, nextitem=nextitem)
    except pytest.exit.Exception as error:
        reply(done=item.nodeid, uses=use.of(item), stop=str(error), ended=True)
        return True
    reply(done=item.nodeid, uses=use.of(item))
    return False


def run_in_a_fork(item):
    """Run a test in a process that is forked for it, and hand on its reply once it has ended.

    The reply is in a file: the end of a pipe could stay open in what the test leaves behind.
    """
    with open(EVENTS + ".reply", "w+b") as file:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a fork beside threads: it is what was asked for
            pid = os.fork()
        if pid == 0:
            channel.replies = file.fileno()
            try:
                run(item, None)
                pytest_sessionfinish()
                threading._shutdown()
                atexit._run_exitfuncs()
            finally:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        file.seek(0)
        said = file.read()
    if status or not said:
        end_alike(status)
    channel.hand_on(said)
    return bool(json.loads(said.decode("utf-8")).get("ended"))


def end_alike(status):
    """End as a forked process has ended, for the agent to see."""
    if os.WIFSIGNALED(status):
        faulthandler.disable()
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


def marked(items):
    """Give what the markers say of tests: the methods to run one under, and where it may fail."""
    for item in items:
        marker = item.get_closest_marker("start_methods")
        if marker is not None:
            xfail = marker.kwargs.get("xfail") or {}
            yield item.nodeid, {"methods": list(marker.args), "xfail": dict(xfail)}


def reply(**message):
    said, heard.reports, failures = heard.reports, [], heard.failures
    warned, heard.warnings, heard.failures = heard.warnings, [], []
    channel.reply(reports=said, warnings=warned, failures=failures, pinned=use.pinned(), **message)


def forget_limits():
    """Have what is told from the inside not be cut off after so many events: each test has all."""
    inside = sys.modules.get("startlab_inside")
    if inside is not None:
        inside.left.clear()
        leave_out_own_modules()
    inject = sys.modules.get("startlab_inject")
    if inject is not None:
        inject.looked.clear()


looked_over = {"modules": 0}


def leave_out_own_modules():
    """Count startlab's own modules, which may not be installed as others are, as libraries.

    That takes as long as a small test, so only once there are others than before.
    """
    if looked_over["modules"] == len(sys.modules):
        return
    looked_over["modules"] = len(sys.modules)
    libraries = sys.modules["startlab_state"].libraries
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("startlab", __name__) and vars(module).get("__file__"):
            libraries[module.__file__] = True


def torn_down(session, before, item):
    """Tear down what the last test has left and the next one does not need.

    Which one that is was not known then. What fails at it is the last one's.
    """
    if before is None:
        return
    from _pytest.runner import CallInfo

    def teardown():
        session._setupstate.teardown_exact(item)

    call = CallInfo.from_call(teardown, when="teardown")
    if call.excinfo is not None:
        report = before.ihook.pytest_runtest_makereport(item=before, call=call)
        before.ihook.pytest_runtest_logreport(report=report)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed and call.excinfo is not None:
        try:
            heard.failures.append(
                {"when": call.when, "node": item.nodeid, "traceback": told(call.excinfo, item)}
            )
        except Exception:
            pass  # then there is pytest's own text alone


def told(excinfo, item):
    """Give an exception as Python prints it, from the test on."""
    failure = getattr(excinfo.value, "failures", [excinfo.value])[0]  # of a doctest, several
    if hasattr(failure, "example"):
        return told_of_doctest(failure)
    trace = excinfo.tb
    found = trace
    path = str(getattr(item, "path", None) or item.fspath)
    while found is not None:
        if found.tb_frame.f_code.co_filename == path:
            trace = found
            break
        found = found.tb_next
    return "".join(traceback.format_exception(excinfo.type, excinfo.value, trace))


def told_of_doctest(failure):
    """Give what a doctest has raised, or what it printed and should not have, at its line."""
    if hasattr(failure, "exc_info"):
        return "".join(traceback.format_exception(*failure.exc_info))
    test, example = failure.test, failure.example
    place = test.filename, (test.lineno or 0) + example.lineno + 1, test.name.split(".")[-1]
    return 'Traceback (most recent call last):\n  File "%s", line %d, in %s\n    %s\n%s\n' % (
        place + (
            example.source.strip().split("\n")[0],
            "AssertionError: %r is expected, not %r" % (example.want[:200], failure.got[:200]),
        )
    )  # fmt: skip


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report):
    config = heard.config
    heard.reports.append(config.hook.pytest_report_to_serializable(config=config, report=report))


def pytest_exception_interact(node, call, report):
    """Note why a file could not be collected; pytest wraps what an import has raised."""
    if isinstance(node, pytest.Collector):
        error = call.excinfo.value
        error = error.__cause__ or error
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        heard.uncollected.append({"node": report.nodeid, "text": text})


@pytest.hookimpl(optionalhook=True)
def pytest_warning_recorded(warning_message, when, nodeid, location):
    heard.warnings.append({
        "message": str(warning_message.message),
        "category": warning_message.category.__name__,
        "file": warning_message.filename,
        "line": warning_message.lineno,
        "when": when,
        "node": nodeid,
        "location": location,
    })


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_timeout_set_timer(item, settings):
    """Have the agent mind the time limit of pytest-timeout: a timer would stand against proofs."""
    channel.say(limit=settings.timeout)
    return True


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_timeout_cancel_timer(item):
    return True
