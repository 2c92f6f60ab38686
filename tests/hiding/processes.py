"""subprocess as hidden code sees it: what Windows takes and refuses; what is started is hidden."""

from __future__ import absolute_import

import os
import shutil
import signal
import subprocess
import types

from . import hide, ps

CREATE_SUSPENDED = 0x4
FLAGS = {
    "CREATE_NEW_CONSOLE": 0x10,
    "CREATE_NEW_PROCESS_GROUP": 0x200,
    "CREATE_NO_WINDOW": 0x8000000,
    "DETACHED_PROCESS": 0x8,
    "HIGH_PRIORITY_CLASS": 0x80,
}
# What runs in the place of a program until it is resumed.
SUSPENDED = ["/bin/sh", "-c", 'kill -STOP $$; exec "$@"', "sh"]


class Hidden(subprocess.Popen):
    """A process in which, if it is Python's, is hidden what is hidden here."""

    def __init__(self, args, *positional, **options):
        env = options.pop("env", None)
        env = dict(os.environ if env is None else env)
        path = env.get("PYTHONPATH")
        if hide.SITE not in (path or "").split(os.pathsep):
            env["PYTHONPATH"] = hide.SITE + (os.pathsep + path if path else "")
        env[hide.VARIABLE] = self.platform
        subprocess.Popen.__init__(self, args, *positional, env=env, **options)


class OnMac(Hidden):
    platform = "macos"


class OnWindows(Hidden):
    """As Windows has it: flags, no sessions, nothing between fork and exec, a handle."""

    platform = "windows"

    def __init__(self, args, *positional, **options):
        if options.pop("preexec_fn", None) is not None:
            raise ValueError("preexec_fn is not supported on Windows platforms")
        assert not options.pop("pass_fds", ()), "pass_fds not supported on Windows."
        flags = options.pop("creationflags", 0)
        for ignored in ("start_new_session", "process_group", "startupinfo"):
            options.pop(ignored, None)
        if flags & (FLAGS["CREATE_NEW_PROCESS_GROUP"] | FLAGS["CREATE_NEW_CONSOLE"]):
            options["start_new_session"] = True  # it gets no Ctrl-C of ours
        if flags & CREATE_SUSPENDED:
            program = os.fspath(args[0])
            if shutil.which(program) is None:
                if os.path.isfile(program):
                    raise OSError(8, "%1 is not a valid Win32 application", program)
                raise FileNotFoundError(2, "The system cannot find the file specified", program)
            args = SUSPENDED + list(args)
        Hidden.__init__(self, args, *positional, **options)
        self._handle = self.pid

    def send_signal(self, sig):
        if sig == 0:  # CTRL_C_EVENT reaches no process in a group of its own
            return
        if sig == 1:
            sig = signal.SIGINT
        elif sig != signal.SIGTERM:
            raise ValueError("Unsupported signal: %s" % sig)
        Hidden.send_signal(self, sig)

    def kill(self):
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    terminate = kill  # one and the same there


def of_subprocess(platform):
    """Give the names that hidden code gets from subprocess."""
    added = {"Popen": OnWindows if platform == "windows" else OnMac}
    if platform == "windows":
        added.update(FLAGS)
    names = dict(vars(subprocess), **added)
    for name in ("run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"):
        function = getattr(subprocess, name, None)
        if function is None:  # 2.7
            continue
        copy = types.FunctionType(function.__code__, names, name, function.__defaults__)
        copy.__kwdefaults__ = getattr(function, "__kwdefaults__", None)
        added[name] = names[name] = copy
    if "run" in added:
        replace = _run_or_show if platform == "macos" else _run_and_make_scripts
        added["run"] = replace(added["run"])
    return added


def _run_and_make_scripts(run):
    """Have a virtual environment look as it does on Windows."""

    def run_and_make_scripts(args, **options):
        done = run(args, **options)
        if done.returncode == 0 and list(args[1:3]) in (["-m", "virtualenv"], ["-m", "venv"]):
            scripts = os.path.join(args[-1], "Scripts")
            os.mkdir(scripts)
            os.symlink(os.path.join("..", "bin", "python"), os.path.join(scripts, "python.exe"))
        return done

    return run_and_make_scripts


def _run_or_show(run):
    def run_or_show(args, **options):
        if args[0] == "/bin/ps":
            return subprocess.CompletedProcess(args, 0, stdout=ps.shown(args))
        return run(args, **options)

    return run_or_show
