"""When children begin, and how long the program waits for them. Python 3."""

import os
import sys
import time

from startlab_aspects import harmless, inject, note
from startlab_later import state_of_program

MOST_MORE_S = 1.5  # that this process waits longer, for all that it waits for
MOST_PAUSES = 5
left = {"more": MOST_MORE_S, "pauses": MOST_PAUSES}


def longer(wait, *args):
    """Wait once more, as long as there is time left: a program may ask again and again."""
    began = time.monotonic()
    try:
        return wait(*args + (max(0.0, left["more"]),))
    finally:
        left["more"] -= time.monotonic() - began


def patient(kind, name, ran_out):
    """Have a method with a time limit wait longer; tell where that has sufficed."""
    wait = vars(kind)[name]

    def wait_(self, timeout=None):
        found = wait(self, timeout)
        frame = sys._getframe(1)
        if timeout is None or inject.is_library(frame.f_code.co_filename):
            return found
        if ran_out(self, found):
            found = longer(wait, self)
            if not ran_out(self, found):
                note("too soon", name + "()", inject.user_line(frame))
        return found

    wait_.__name__ = wait_.__qualname__ = name
    setattr(kind, name, wait_)


def watch_joins(process):
    patient(process.BaseProcess, "join", lambda process, _: process._popen.poll() is None)


def watch_polls(connection):
    poll = connection._ConnectionBase.poll

    def poll_(self, timeout=0.0):
        found = poll(self, timeout)
        frame = sys._getframe(1)
        if found or not timeout or inject.is_library(frame.f_code.co_filename):
            return found
        found = longer(poll, self)
        if found:
            note("too soon", "poll()", inject.user_line(frame))
        return found

    connection._ConnectionBase.poll = poll_


def watch_events(synchronize):
    patient(synchronize.Event, "wait", lambda _, found: not found)


def watch_async_results(pool):
    """Have get() find a result that comes later; it asks by wait() itself."""
    get = pool.ApplyResult.get

    def get_(self, timeout=None):
        frame = sys._getframe(1)
        if timeout is not None and not inject.is_library(frame.f_code.co_filename):
            self.wait(timeout)
            if not self.ready():
                longer(self.wait)
                if self.ready():
                    note("too soon", "get()", inject.user_line(frame))
        return get(self, timeout)

    pool.ApplyResult.get = get_


def watch_future_results(futures):
    result = futures.Future.result

    def result_(self, timeout=None):
        try:
            return result(self, timeout)
        except futures.TimeoutError:
            frame = sys._getframe(1)
            if self.done() or inject.is_library(frame.f_code.co_filename):
                raise
        found = longer(result, self)
        note("too soon", "result()", inject.user_line(frame))
        return found

    result_.__name__ = result_.__qualname__ = "result"
    futures.Future.result = result_


LATEST_S = 3.0  # a child that has not begun by then is not waited for
PAUSE_S = 0.1  # in which a child does what it does first


def watch_starts(process):
    """Have start() return when the child has begun with its task, as a forked child has soon."""
    start = process.BaseProcess.start

    def start_(self):
        found = start(self)
        frame = sys._getframe(1)
        if left["pauses"] and not inject.is_library(frame.f_code.co_filename):
            left["pauses"] -= 1
            wait_for_begin(self, frame)
        return found

    start_.__name__ = start_.__qualname__ = "start"
    process.BaseProcess.start = start_


@harmless
def wait_for_begin(child, frame):
    file, until = begun_file(child._popen.pid), time.monotonic() + LATEST_S
    while not os.path.exists(file) and time.monotonic() < until:
        if child._popen.poll() is not None:
            return
        time.sleep(0.005)
    if os.path.exists(file):
        os.remove(file)
        note("begins later", child._name, inject.user_line(frame))
        time.sleep(PAUSE_S)


def begun_file(pid):
    return os.path.join(os.environ.get("TMPDIR", "/tmp"), "startlab-begun-%d" % pid)


@harmless
def say_that_it_has_begun():
    open(begun_file(os.getpid()), "w").close()


LATEST_WAITER_S = 5.0  # what has not begun to wait by then is not waited for
SETTLED_S = 0.4  # in which none more begins to wait


def watch_notifies(module):
    """Have a Condition notified only once those wait that are to come soon."""
    for name in ("notify", "notify_all"):
        call_later(module.Condition, name)


def call_later(kind, name):
    notify = vars(kind)[name]

    def notify_(self, *args, **kwargs):
        frame = sys._getframe(1)
        if left["pauses"] and not inject.is_library(frame.f_code.co_filename):
            left["pauses"] -= 1
            wait_for_waiters(self, name, inject.user_line(frame))
        return notify(self, *args, **kwargs)

    notify_.__name__ = notify_.__qualname__ = name
    setattr(kind, name, notify_)


@harmless
def wait_for_waiters(condition, name, where):
    before = most = asleep(condition)
    began = settled = time.monotonic()
    take_again = let_go(condition)
    try:
        while time.monotonic() < began + LATEST_WAITER_S:
            if asleep(condition) != most:
                most, settled = asleep(condition), time.monotonic()
            elif most and time.monotonic() > settled + SETTLED_S:
                break
            time.sleep(0.01)
    finally:
        take_again()
    if most > before:
        note("notified later", name + "()", where)


def asleep(condition):
    """Count those that wait in a Condition: of threading, or of multiprocessing."""
    if hasattr(condition, "_waiters"):
        return len(condition._waiters)
    return condition._sleeping_count.get_value() - condition._woken_count.get_value()


def let_go(condition):
    """Release a Condition's lock, however often it is held; give what takes it again."""
    if hasattr(condition, "_waiters"):
        saved = condition._release_save()
        return lambda: condition._acquire_restore(saved)
    times = condition._lock._semlock._count()
    for _ in range(times):
        condition.release()
    return lambda: [condition.acquire() for _ in range(times)]


def watch_pool_start(pool):
    """Have a pool start its workers with its first task; tell what was set meanwhile."""
    start_workers = pool.Pool._repopulate_pool
    late = {}  # by the ids of pools: what the program had when each was made, and the line

    def _repopulate_pool(self):
        late[id(self)] = state_and_folder(), inject.user_line(sys._getframe(1))

    def before(name):
        function = vars(pool.Pool)[name]

        def call(self, *args, **kwargs):
            if id(self) in late:
                tell_what_was_set(*late.pop(id(self)))
                start_workers(self)
            return function(self, *args, **kwargs)

        call.__name__ = call.__qualname__ = name
        setattr(pool.Pool, name, call)

    pool.Pool._repopulate_pool = _repopulate_pool
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        before(name)


def state_and_folder():
    return {"os.getcwd()": os.getcwd(), **state_of_program()}


@harmless
def tell_what_was_set(before, where):
    for name, value in state_and_folder().items():
        if before.get(name) != value:
            note("set later", name, where)
