# ruff: noqa: INP001 - copied into a build, no module of a package
"""Run by a virtual environment's Python: install what is in its folder, with the pip there."""

import os
import runpy
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent
SETTINGS = {"PIP_CONFIG_FILE": HERE / "pip.conf", "PIP_CERT": HERE / "ca.crt"}

for variable, path in SETTINGS.items():
    if path.stat().st_size:
        os.environ[variable] = str(path)
# Before 3.10 pip asks distutils where to install, which Debian's Python has only in part.
sysconfig._PIP_USE_SYSCONFIG = True  # noqa: SLF001 - meant for distributors
sys.path[:0] = [str(wheel) for wheel in HERE.glob("pip-*.whl")]
sys.argv = ["pip", "install", "--disable-pip-version-check", "--no-input", "--no-cache-dir"]
if os.name == "nt":  # Wine has no store of certificates that pip could ask
    sys.argv.append("--use-deprecated=legacy-certs")
sys.argv += ["-r", str(HERE / "requirements.txt"), "-c", str(HERE / "constraints.txt")]
runpy.run_module("pip", run_name="__main__")
