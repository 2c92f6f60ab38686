"""A program that Python cannot read.

## What it sees
The program ends with a `SyntaxError`, or what it imports is not there.

## Why
The program needs a newer Python, or packages that are not installed in the environment.

## What to do
Install what it needs, or run it on the Pythons that it is written for. In your own environment, the
activated one or the project's `.venv`, it has what is installed there; the others get what
`pyproject.toml` or `requirements.txt` declares.

## Bad
```console
$ startlab run program.py
```

## Good
```console
$ startlab run --requirements requirements.txt program.py
$ startlab run --same-packages program.py
```
"""

from __future__ import annotations

import re
import sys
from typing import Final

from startlab.diagnosis.case import (
    Case,
    Cause,
    what_was_raised,
)
from startlab.diagnosis.rule import Mechanism

MECHANISMS: Final = (
    Mechanism("syntax", advice="Run it on the Pythons that it is written for: --env NAME."),
    Mechanism(
        "missing_module",
        shown=True,
        advice="Install what it needs: --requirements FILE or --with PACKAGE.",
        cannot_run=True,
    ),
)

DISTRIBUTIONS: Final = {
    "Crypto": "pycryptodome",
    "OpenSSL": "pyOpenSSL",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dns": "dnspython",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "google.cloud.storage": "google-cloud-storage",
    "google.protobuf": "protobuf",
    "grpc": "grpcio",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "MySQLdb": "mysqlclient",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "pythoncom": "pywin32",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "socks": "PySocks",
    "usb": "pyusb",
    "win32api": "pywin32",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
"""The best known modules whose distributions have other names."""

GONE: Final = frozenset({"asynchat", "asyncore", "distutils", "imp", "smtpd"})
"""Modules that the standard library had until 3.12, beside those that this Python knows."""

_NAMED: Final = re.compile(r"No module named '?(?P<name>[\w.]+)")


def find(case: Case) -> Cause | None:
    """See that this Python cannot compile the program, or lacks what it imports."""
    trial = case.trial
    if trial.exception is None:
        return None
    said = what_was_raised(trial)
    if trial.exception.type in ("SyntaxError", "IndentationError", "TabError"):
        title = f"this Python cannot read the program: {said}"
        return Cause("syntax", said, title, "", trial.where)
    if trial.exception.type in ("ModuleNotFoundError", "ImportError"):
        named = _NAMED.match(trial.exception.message)
        if named is None:
            return Cause("missing_module", said, said, "", trial.where)
        return _lacking(named["name"], trial.where)
    return None


def _lacking(module: str, where: str | None) -> Cause:
    """Tell which module is missing, and what has it."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in GONE:
        title = f"this Python has no module {module}"
        text = "It is in the standard library of other Pythons."
        return Cause("syntax", module, title, text, where)
    known = [DISTRIBUTIONS[each] for each in (module, top) if each in DISTRIBUTIONS]
    distribution = known[0] if known else top
    text = f"--with {distribution} installs it."
    return Cause("missing_module", module, f"the module {module} is missing", text, where)
