# ruff: noqa: INP001 - copied into a build, no module of a package
"""Run by the target while its image is built: compile its standard library, say its version.

Runs on 2.7 and later.
"""

import compileall
import os
import platform
import re
import sys

# Modules that no program of the lab imports, or that fail to compile on purpose.
SKIPPED = re.compile("/(site-packages|dist-packages|test|tests|lib2to3|idlelib|turtledemo)/")

compileall.compile_dir(os.path.dirname(os.__file__), rx=SKIPPED, quiet=1)  # noqa: PTH120 - 2.7
sys.stdout.write("startlab: Python " + platform.python_version() + "\n")
