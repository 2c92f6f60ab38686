"""Mechanisms that no rule recognizes: only an experiment on the cause shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from startlab.diagnosis.by_experiment import child_reaped, module_elsewhere

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

BY_EXPERIMENT: Final[Mapping[str, ModuleType]] = {
    "child_reaped": child_reaped,
    "module_elsewhere": module_elsewhere,
}
"""The files of these mechanisms, by their names."""
