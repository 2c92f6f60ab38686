"""What PyInstaller and the like make of a program: a file that runs it, whatever its arguments.

Such a file has no option -c: starting it always runs the program. multiprocessing's resource
tracker, which the packagers handle, is left to the interpreter.
"""

import os
import sys
from multiprocessing import spawn

WINDOWS = """@echo off
"{python}" "{program}" %*
"""
UNIX = """#!/bin/sh
case $* in *resource_tracker*|*semaphore_tracker*) exec "{python}" "$@" ;; esac
exec "{python}" "{program}" "$@"
"""


def be_one(program):
    """Make this process look like an executable's to multiprocessing."""
    path = os.path.join(os.getcwd(), "greeter.cmd" if os.name == "nt" else "greeter")
    python = os.environ.setdefault("GREETERS_PYTHON", sys.executable)
    if not os.path.exists(path):
        script = WINDOWS if os.name == "nt" else UNIX
        with open(path, "w") as file:
            file.write(script.format(python=python, program=os.path.abspath(program)))
        os.chmod(path, 0o755)
    sys.frozen = True
    sys.executable = sys._base_executable = path  # if they differ, Windows takes it for a venv's
    spawn.set_executable(path)
