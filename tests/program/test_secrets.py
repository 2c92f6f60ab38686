"""What is hidden in all that is written."""

from __future__ import annotations

import pytest

from startlab.model import ChangedGlobal, Program, PythonException, Trial
from startlab.program import secrets


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("--index-url https://me:word@host/simple", "--index-url https://***@host/simple"),
        ("x @ git+https://t0k3n@host/x.git@v1", "x @ git+https://***@host/x.git@v1"),
        ("https://me:p@ss@host/ and http://a:b@c", "https://***@host/ and http://***@c"),
        ("https://host/simple", "https://host/simple"),
        ("four @ https://x/four.whl", "four @ https://x/four.whl"),
        ("git+ssh://git@host/x", "git+ssh://git@host/x"),
        ("https://me:${TOKEN}@host/", "https://me:${TOKEN}@host/"),
        ("https://${ME}:word@host/", "https://***@host/"),
        ("me@example.org, https://example.org/@me", "me@example.org, https://example.org/@me"),
    ],
)
def test_of_a_url_who_and_by_which_password(text: str, written: str) -> None:
    assert secrets.without_credentials(text) == written


def program(**env: str) -> Program:
    return Program(kind="script", name="a.py", target="a.py", root="/", env=env)


def trial(**said: object) -> Trial:
    fields: dict[str, object] = {
        "experiment": "a.py", "environment": "host-3.13", "method": "fork", "trial": 0,
        "outcome": "ok", "reason": "", "as_expected": True, "expected": None,
    }  # fmt: skip
    return Trial(**(fields | said))  # type: ignore[arg-type]


def test_a_value_is_hidden_wherever_a_trial_says_it() -> None:
    said = trial(
        reason="KeyError: s3cr3t-more",
        exception=PythonException(type="KeyError", message="s3cr3t-more"),
        notes=("s3cr3t", "global"),
        clues=(ChangedGlobal(name="x", parent="s3cr3t", child=""),),
        stdout="https://me:word@host",
        written={"a.txt": "is s3cr3t"},
    )
    assert secrets.Veil(program(A="s3cr3t", B="s3cr3t-more", C="global")).over(said) == trial(
        reason="KeyError: ***",
        exception=PythonException(type="KeyError", message="***"),
        notes=("***", "***"),
        clues=(ChangedGlobal(name="x", parent="***", child=""),),
        stdout="https://***@host",
        written={"a.txt": "is ***"},
    )


def test_what_is_short_or_a_path_is_no_secret_of_an_output() -> None:
    """The one is there by chance, the other in every traceback."""
    said = trial(stdout=f"3 {__file__}")
    assert secrets.Veil(program(LEVEL="3", PYTHONPATH=__file__)).over(said) == said
    assert secrets.hidden(program(LEVEL="3")).env == {"LEVEL": "***"}
