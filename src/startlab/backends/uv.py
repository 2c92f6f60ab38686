"""uv, which installs in seconds what takes pip minutes, and pip's configuration in its words."""

from __future__ import annotations

import configparser
import importlib
import os
import re
import shutil
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from startlab.model import Environment

OLDEST: Final = Version("3.8")
"""The oldest Python that uv makes environments for."""

MEANS: Final = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
"""Options of pip, and the variables by which uv is told the same."""

URLS: Final = ("index-url", "extra-index-url", "find-links")
ALSO_ELSEWHERE: Final = (
    "no-binary", "no-index", "only-binary", "pre", "prefer-binary", "proxy", "retries", "timeout",
    "trusted-host",
)  # fmt: skip
"""Options of pip that hold on another machine too."""

_REMOTE: Final = re.compile(r"https?://", re.IGNORECASE)

LISTS: Final = {"extra-index-url": " ", "find-links": ",", "trusted-host": " "}
"""Options of several values, and what stands between those for uv."""

INDIFFERENT: Final = frozenset(
    {
        "break-system-packages", "cache-dir", "default-timeout", "disable-pip-version-check",
        "exists-action", "no-cache-dir", "no-color", "no-input", "no-python-version-warning",
        "progress-bar", "quiet", "require-virtualenv", "retries", "root-user-action", "timeout",
        "user", "verbose",
    }
)  # fmt: skip
"""Options of pip that do not say what is installed, nor where it comes from."""


def find() -> str | None:
    """Find uv: on PATH, or where its package has put it."""
    there = shutil.which("uv")
    if there is not None:
        return there
    try:
        found: str = importlib.import_module("uv").find_uv_bin()
    except (ImportError, AttributeError, FileNotFoundError):
        return None
    return found


def can_install(environment: Environment) -> bool:
    """Tell whether uv makes environments for an interpreter."""
    return Version(environment.python) >= OLDEST


def variables(pip_config: Path | None) -> dict[str, str] | None:
    """Give what pip is configured to do as variables for uv; None if uv has no word for it.

    `pip_config` is read instead of what PIP_CONFIG_FILE names.
    """
    said = configured(pip_config)
    options = {name: value for name, value in said.items() if name not in INDIFFERENT and value}
    if not options.keys() <= MEANS.keys():
        return None
    told = {
        MEANS[name]: LISTS[name].join(value.split()) if name in LISTS else value
        for name, value in options.items()
    }
    # As pip does, it trusts what the system trusts, and takes the best of all indexes.
    return {"UV_SYSTEM_CERTS": "true", "UV_INDEX_STRATEGY": "unsafe-best-match", **told}


def configured(pip_config: Path | None) -> dict[str, str]:
    """Give pip's options on this machine, by their long names."""
    return dict(_of_files(pip_config)) | dict(_of_environment(os.environ))


def elsewhere() -> bytes:
    """Give pip's configuration on this machine as a pip.conf for another: what has no path."""
    told = {name: value for name, value in configured(None).items() if name in ALSO_ELSEWHERE}
    for name in URLS:
        words = configured(None).get(name, "").split()
        told[name] = " ".join(each for each in words if _REMOTE.match(each))
    lines = [f"{name} = {value}\n" for name, value in sorted(told.items()) if value]
    return "".join(["[global]\n", *lines]).encode() if lines else b""


def certificates() -> Path | None:
    """Give the file of certificates that pip trusts on this machine."""
    said = configured(None).get("cert") or os.environ.get("SSL_CERT_FILE")
    found = Path(said or ssl.get_default_verify_paths().cafile or os.devnull)
    return found if found.is_file() else None


def _of_files(pip_config: Path | None) -> Iterator[tuple[str, str]]:
    """Read pip's configuration files, those that count more after the others."""
    chosen = pip_config or os.environ.get("PIP_CONFIG_FILE")
    if os.fspath(chosen or "") == os.devnull:
        return
    for path in [*_usual(), *([Path(chosen)] if chosen else [])]:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, "utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip reports the error
        for section in ("global", "install"):
            if parser.has_section(section):
                yield from ((name.replace("_", "-"), text) for name, text in parser.items(section))


def _usual() -> Iterator[Path]:
    """Give where pip looks for its configuration: the system's, then the user's."""
    home = Path.home()
    if sys.platform == "win32":
        yield Path(os.environ.get("PROGRAMDATA", "C:/ProgramData"), "pip", "pip.ini")
        yield home / "pip" / "pip.ini"
        yield Path(os.environ.get("APPDATA", home), "pip", "pip.ini")
        return
    if sys.platform == "darwin":
        yield Path("/Library/Application Support/pip/pip.conf")
    else:
        for folder in os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep):
            yield Path(folder, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(os.environ.get("XDG_CONFIG_HOME", home / ".config"), "pip", "pip.conf")
    if sys.platform == "darwin":
        yield home / "Library" / "Application Support" / "pip" / "pip.conf"


def _of_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Read the variables that pip takes as its options."""
    bundle = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    if bundle and "SSL_CERT_FILE" not in environ:
        yield "cert", bundle
    for name, value in environ.items():
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE":
            yield name.removeprefix("PIP_").lower().replace("_", "-"), value
