"""Recompute, teach and re-run An et al., Nature Communications 11, 5928 (2020)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cartanalysis.chapter.results import Figure, Result
    from cartanalysis.chapter.study import Study
    from cartanalysis.sites.chapter import Comparison

__version__ = "0.1.0"

__all__ = ["Comparison", "Figure", "Result", "Study"]

_HOMES = {
    "Comparison": "cartanalysis.sites.chapter",
    "Figure": "cartanalysis.chapter.results",
    "Result": "cartanalysis.chapter.results",
    "Study": "cartanalysis.chapter.study",
}
"""Where the names are that a notebook imports; loaded on demand, as they draw and fit."""


def __getattr__(name: str) -> Any:
    """Load what a notebook imports."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
