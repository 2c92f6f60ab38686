"""What pip is configured to do, as uv is told it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from startlab.backends import uv

if TYPE_CHECKING:
    from pathlib import Path

USUAL = {"UV_SYSTEM_CERTS": "true", "UV_INDEX_STRATEGY": "unsafe-best-match"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, and a system, without any configuration."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "XDG_")) or name.endswith("CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(uv, "_usual", lambda: [tmp_path / "etc.conf", tmp_path / "home.conf"])
    return tmp_path


def test_nothing_is_said_where_nothing_is_configured(home: Path) -> None:
    assert home.is_dir()
    assert uv.variables(None) == USUAL


def test_files_and_variables_are_read_in_the_order_of_pip(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "etc.conf").write_text(
        "[global]\nindex-url = https://etc\ncert = /etc/ca\ntimeout = 9\n"
        "trusted-host =\n  one\n  two:8080\n"
    )
    (home / "home.conf").write_text(
        "[install]\nextra_index_url = https://a\n  https://b\n[global]\nindex-url = https://home\n"
        "find-links = /a /b\n"
    )
    told = {
        **USUAL,
        "UV_DEFAULT_INDEX": "https://home",
        "UV_INDEX": "https://a https://b",
        "UV_FIND_LINKS": "/a,/b",
        "UV_INSECURE_HOST": "one two:8080",
        "SSL_CERT_FILE": "/etc/ca",
    }
    assert uv.variables(None) == told
    given = home / "given.conf"
    given.write_text("[global]\nindex-url = https://given\n")
    assert uv.variables(given) == told | {"UV_DEFAULT_INDEX": "https://given"}
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(given))
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    assert uv.variables(None) == told | {"UV_DEFAULT_INDEX": "https://variable"}
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert uv.variables(None) == USUAL


@pytest.mark.parametrize("option", ["no-index = true", "client-cert = /x", "pre = true"])
def test_what_uv_has_no_word_for_is_left_to_pip(home: Path, option: str) -> None:
    (home / "home.conf").write_text(f"[global]\n{option}\n")
    assert uv.variables(None) is None


def test_a_file_that_is_none_is_left_to_pip_to_complain_of(home: Path) -> None:
    (home / "home.conf").write_bytes(b"\xff index-url")
    assert uv.variables(None) == USUAL


def test_what_holds_elsewhere_too_is_what_has_no_path(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image gets the indexes that it can reach, and no folder of this machine."""
    assert uv.elsewhere() == b""
    (home / "home.conf").write_text(
        "[global]\nindex-url = https://a.test/simple\ncert = /etc/ca.pem\n"
        "extra-index-url = file:///srv/simple https://b.test/simple\nfind-links = /srv/wheels\n"
    )
    monkeypatch.setenv("PIP_TIMEOUT", "60")
    assert uv.elsewhere() == (
        b"[global]\nextra-index-url = https://b.test/simple\nindex-url = https://a.test/simple\n"
        b"timeout = 60\n"
    )


def test_the_certificates_are_those_that_pip_trusts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = home / "own.pem", home / "other.pem"
    for each in (own, other):
        each.write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    assert uv.certificates() == other
    monkeypatch.setenv("PIP_CERT", str(own))
    assert uv.certificates() == own
    monkeypatch.setenv("PIP_CERT", str(home / "none.pem"))
    assert uv.certificates() is None
