"""Run a multiprocessing program under every start method, on every Python, and see what happens."""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, which this need not import: see cli
if TYPE_CHECKING:
    from startlab.diagnosis import diagnose as diagnose
    from startlab.engine.runs import run as run

__version__ = "0.1.0"
__all__ = ["diagnose", "run"]


def __getattr__(name: str) -> object:
    if name == "run":  # what it needs takes a while to import
        from startlab.engine.runs import run

        return run
    if name == "diagnose":
        from startlab.diagnosis import diagnose

        return diagnose
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
